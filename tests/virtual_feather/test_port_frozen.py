"""The frozen modules of the images, those that need no chip and no network."""

from __future__ import annotations

_LARGE = {
    "btree": (
        "import btree\nf = open('/db', 'w+b')\nd = btree.open(f)\n"
        "for i in (3, 1, 2): d[str(i)] = b'v%d' % i\n"
        "del d[b'2']\nd.flush()\nf.close()\nd = btree.open(open('/db', 'r+b'))\n"
        "print(list(d.items()), d.get(b'2'), list(d.keys(b'3', b'1', btree.DESC | btree.INCL)))",
        "[(b'1', b'v1'), (b'3', b'v3')] None [b'3', b'1']\n",
    ),
    "neopixel": (
        "import neopixel\nfrom machine import Pin\nn = neopixel.NeoPixel(Pin(13), 3)\n"
        "n[0] = (1, 2, 3)\nn.write()\nprint(n[0], len(n), bytes(n.buf))",
        "(1, 2, 3) 3 b'\\x02\\x01\\x03\\x00\\x00\\x00\\x00\\x00\\x00'\n",
    ),
    "ssd1306": (
        "import ssd1306\nfrom machine import I2C, Pin\n"
        "try: ssd1306.SSD1306_I2C(128, 64, I2C(scl=Pin(5), sda=Pin(4)))\nexcept OSError as e: print(e.errno)",
        "19\n",
    ),
    "upysh": (
        "import upysh as u\nf = open('/a', 'w')\nf.write('one\\ntwo\\n')\nf.close()\n"
        "u.mkdir('/d'); u.cp('a', '/d'); u.head('/d/a', 1)\n"
        "u.mv('/a', '/b'); u.rm('/d'); u.rm('/b'); u.ls('/')",
        "one\n",
    ),
    "espnow": (
        "import espnow\ne = espnow.ESPNow()\ne.active(True)\npeer = b'\\xff' * 6\ne.add_peer(peer)\n"
        "print(e.send(peer, 'hello'), e.recv(10), e.any())\n"
        "try: e.send(b'\\x01' * 6, 'x')\nexcept OSError as error: print(error.args[1])",
        "True (None, None) False\nESP_ERR_ESPNOW_NOT_FOUND\n",
    ),
    "urequests": ("import urequests\nprint(urequests.get.__name__)", "get\n"),
}
_SMALL = {
    "utimeq": (
        "from utimeq import utimeq\nq = utimeq(2)\nq.push(20, 'b', 2)\nq.push(10, 'a', 1)\nentry = [0, 0, 0]\n"
        "print(len(q), q.peektime())\nq.pop(entry)\nprint(entry)\nq.push(5, 'c', 3)\n"
        "try: q.push(6, 'd', 4)\nexcept IndexError as e: print(e)",
        "2 10\n[10, 'a', 1]\nqueue overflow\n",
    ),
    "uzlib": (
        "import uzlib, ubinascii\nprint(uzlib.decompress(ubinascii.unhexlify('789ccb48cdc9c90700062c0215')))",
        "b'hello'\n",
    ),
    "names of before": (
        "import uos, utime, ujson\nprint(ujson.dumps(uos.uname()[0]), utime.time() >= 0)",
        '"esp8266" True\n',
    ),
}


def _check(board, cases):
    with board.console() as console:
        console.prompt()
        for name, (code, printed) in cases.items():
            found = console.run(f"import gc\ngc.collect()\n{code}")
            assert printed in found, f"{name}: {found}"


def test_of_the_large_images(board):
    _check(board, _LARGE)


def test_of_the_small_image(boards):
    _check(boards("b", "--image", "small"), _SMALL)


def test_initial_messages_of_setup_and_diagnosis(board):
    with board.console() as console:
        console.prompt()
        assert "Firmware checksum: True" in console.run("import port_diag")
        assert "import network" in console.run("help()")
        assert "umqtt/simple" in console.run("help('modules')")
