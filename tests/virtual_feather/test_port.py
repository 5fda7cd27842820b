"""The virtual Feather as MicroPython's ESP8266 port: its identity, its start, stop and interruption."""

from __future__ import annotations

import time

import pytest
from waits import wait_for

_BANNER = b'Type "help()" for more information.\r\n>>> '
_CTRL_C, _CTRL_D = b"\x03", b"\x04"
# machine.reset_cause(): the SDK's rst_reason.
_POWER, _WATCHDOG, _SOFTWARE, _DEEP_SLEEP, _BUTTON = 0, 3, 4, 5, 6


@pytest.mark.parametrize(
    ("image", "release", "machine", "path"),
    [
        ("romfs", (1, 28, 0, ""), "ESP module with ESP8266", ["", ".frozen", "/lib", "/"]),
        ("plain", (1, 28, 0, ""), "ESP module with ESP8266", ["", ".frozen", "/lib", "/"]),
        ("small", (1, 19, 1, ""), "ESP module (1M) with ESP8266", ["", ".frozen", "/lib", "/"]),
    ],
)
def test_it_says_what_it_is(boards, image, release, machine, path):
    board = boards("b", "--image", image)
    with board.console() as console:
        console.prompt()
        names = console.run(
            "import os, sys\nprint(repr(tuple(os.uname())), tuple(sys.implementation), sys.path, sep='#')"
        )
        uname, implementation, found = map(eval, names.split("#"))
        platform = console.run(
            "import sys, machine\nprint(sys.platform, sys.maxsize, machine.unique_id().hex())"
        ).split()
    assert uname[:2] == ("esp8266", "esp8266")
    assert uname[3].startswith(f"v{release[0]}.{release[1]}.{release[2]} on ")
    assert uname[4] == machine
    assert implementation[:3] == ("micropython", release, machine)
    assert found == path
    mac = board.status()["mac"]
    assert platform == ["esp8266", "2147483647", bytes.fromhex(mac)[:2:-1].hex() + "00"]


def test_a_fresh_heap_is_that_of_the_chip(board):
    with board.console() as console:
        console.prompt()
        console.send(_CTRL_D)  # the first start made the file system, by modules that stay loaded
        console.read_until(_BANNER)
        free = int(console.type("import gc; gc.collect(); gc.mem_free()"))  # each typed line takes some
        assert abs(free - 36_640) <= 64, "of the 38,016 bytes that objects can have"
        console.run("piece = bytearray(35_500)")
        _, trace = console.run_raw("more = bytearray(1000)")
        assert "MemoryError" in trace


_ENDLESS = {
    "sleep": "import time\nprint('on')\ntime.sleep(60)",
    "busy": "print('on')\nwhile True: pass",
    "poll": "import select, sys\np = select.poll()\nprint('on')\np.poll(60000)",
    "socket": "import socket\ns = socket.socket(2, 2)\ns.bind(('127.0.0.1', 0))\nprint('on')\ns.recvfrom(1)",
    "pins": "from machine import Pin\np = Pin(2, Pin.OUT)\nprint('on')\nwhile True: p.toggle()",
    "asyncio": "import asyncio\nasync def go():\n  print('on')\n  await asyncio.sleep(60)\nasyncio.run(go())",
    "caught": "import time\nprint('on')\ntry: time.sleep(60)\nfinally: print('cleaned up')",
}


@pytest.mark.parametrize("code", _ENDLESS.values(), ids=_ENDLESS.keys())
def test_ctrl_c_stops_what_is_pasted(board, code):
    with board.console() as console:
        console.prompt()
        console.send(b"\x05" + code.encode() + _CTRL_D)
        console.read_until(b"on\r\n")
        time.sleep(0.1)
        console.send(_CTRL_C)
        seen = console.read_until(b"\r\n>>> ")
        assert b"KeyboardInterrupt" in seen
        assert "finally" not in code or b"cleaned up" in seen
        assert console.type("1+1") == "2\n"


def test_ctrl_c_stops_what_came_by_raw_paste(board):
    with board.console() as console:
        console.prompt()
        console.send(b"\x01")
        console.read_until(b"raw REPL; CTRL-B to exit\r\n>")
        console.send(b"\x05A\x01")
        answer = console.read_until(b"R\x01")
        assert answer == b"R\x01"
        window = console.read_until(b"\x01")  # two bytes of window size, and that a window is free
        assert int.from_bytes(window[:2], "little") >= 16
        console.send(b"print('on')\nwhile True: pass\n" + _CTRL_D)
        console.read_until(b"on\r\n")
        console.send(_CTRL_C)
        seen = console.read_until(_CTRL_D + b">")
        assert b"KeyboardInterrupt" in seen
        console.send(b"\x02")
        console.read_until(_BANNER)


_ENDS = {
    "exit": ("import sys\nsys.exit()", b""),
    "exception": ("1/0", b"ZeroDivisionError"),
    "interrupt": ("raise KeyboardInterrupt", b"KeyboardInterrupt"),
    "syntax": ("def", b"SyntaxError"),
    "soft_reset": ("import machine\nmachine.soft_reset()", b""),
}


@pytest.mark.parametrize(("text", "says"), _ENDS.values(), ids=_ENDS.keys())
def test_a_main_py_that_ends_leaves_the_prompt(board, text, says):
    board.put("main.py", f"print('main')\n{text}\n" if text != "def" else text)
    with board.console() as console:
        console.prompt()
        console.send(_CTRL_D)
        seen = console.read_until(_BANNER)
        assert says in seen
        assert console.type("1+1") == "2\n"


@pytest.mark.parametrize(("boot", "starts"), [("1/0", False), ("import sys\nsys.exit()", True), (None, True)])
def test_an_exception_in_boot_py_keeps_main_py_from_starting(board, boot, starts):
    board.put("main.py", "print('main', 'starts')")
    with board.console() as console:
        console.prompt()
        console.run("import os\nos.remove('boot.py')" if boot is None else f"open('boot.py', 'w').write({boot!r})")
        console.send(_CTRL_D)
        seen = console.read_until(_BANNER)
        assert (b"main starts" in seen) is starts
        assert (b"ZeroDivisionError" in seen) is (boot == "1/0")


def test_binary_input(board):
    code = (
        "import micropython, sys\n"
        "micropython.kbd_intr(-1)\n"
        "print('ready')\n"
        "data = sys.stdin.buffer.read(256)\n"
        "micropython.kbd_intr(3)\n"
        "sys.stdout.buffer.write(data)\n"
    )
    everything = bytes(range(256))
    with board.console() as console:
        console.prompt()
        console.send(b"\x05" + code.encode() + _CTRL_D)
        console.read_until(b"ready\r\n")
        console.send(everything)
        assert everything in console.read_until(b">>> ")
        console.send(b"\x05import time\nprint('on')\ntime.sleep(9)" + _CTRL_D)
        console.read_until(b"on\r\n")
        console.send(_CTRL_C)
        console.read_until(b"KeyboardInterrupt")


def _cause(console) -> int:
    console.prompt()
    return int(console.run("import machine\nprint(machine.reset_cause())"))


def test_causes_of_resets(board):
    with board.console() as console:
        assert _cause(console) == _POWER
        console.run("import machine\nmachine.RTC().memory(b'kept')")
        console.send(_CTRL_D)
        console.read_until(b"soft reboot")
        assert _cause(console) == _POWER, "Ctrl-D is none of the chip's"
        console.send(b"machine.reset()\r")
        console.read_until(_BANNER)
        assert _cause(console) == _SOFTWARE
        board.ctl("reset")
        assert _cause(console) == _BUTTON
        board.ctl("wire", "gpio16", "on")
        asleep = board.clock
        console.send(b"import machine; machine.deepsleep(300)\r")
        console.read_until(_BANNER)
        assert board.clock - asleep > 0.25
        assert _cause(console) == _DEEP_SLEEP
        rtc = "import machine\nr = machine.RTC()\nr.irq(trigger=r.ALARM0, wake=machine.DEEPSLEEP)\nr.alarm(0, 300)"
        console.run(rtc)
        console.send(b"machine.deepsleep(60000)\r")
        console.read_until(_BANNER)
        assert _cause(console) == _DEEP_SLEEP
        assert console.run("import machine\nprint(machine.RTC().memory())") == "b'kept'\n"
        board.ctl("power", "off")
        board.ctl("power", "on")
        assert _cause(console) == _POWER
        assert console.run("import machine\nprint(machine.RTC().memory())") == "b''\n"


def test_the_watchdog_bites_when_nobody_feeds_it(board):
    with board.console() as console:
        console.prompt()
        console.run("import machine, time\nw = machine.WDT()\nfor _ in range(8):\n  time.sleep_ms(500)\n  w.feed()\n")
        console.send(_CTRL_D)
        console.read_until(_BANNER)
        console.read_until(_BANNER)  # a soft reset does not stop it
        assert _cause(console) == _WATCHDOG


def test_a_soft_reset_keeps_pins_and_clock(board):
    with board.console() as console:
        console.prompt()
        console.run(
            "import machine\nkept = 1\nmachine.Pin(13, machine.Pin.OUT, value=1)\n"
            "machine.RTC().datetime((2026, 4, 6, 0, 12, 0, 0, 0))\nmachine.freq(160000000)"
        )
        console.send(b"machine.soft_reset()\r")
        console.read_until(b"MPY: soft reboot\r\n")
        console.prompt()
        assert (
            console.run("import machine, time\nprint(machine.Pin(13)(), time.gmtime()[:4])") == "1 (2026, 4, 6, 12)\n"
        )
        assert "kept" not in console.run("print(dir())")
        assert console.run("print(machine.freq())") == "160000000\n"
        board.ctl("reset")
        console.prompt()
        assert console.run("import machine\nprint(machine.freq())") == "80000000\n"


def test_a_soft_reset_forgets_the_alarm_and_the_button_sets_the_clock_back(board):
    with board.console() as console:
        console.prompt()
        console.run("import machine, time\nmachine.RTC().alarm(0, 60000)\ntime.sleep(1.2)")
        assert console.run("print(machine.RTC().alarm_left() > 50000)") == "True\n"
        console.send(_CTRL_D)
        console.prompt()
        assert console.run("import machine, time\nprint(machine.RTC().alarm_left(), time.time() > 0)") == "0 True\n"
        board.ctl("reset")
        console.prompt()
        assert int(console.run("import time\nprint(time.time())")) == 0, "the counter starts again"


def test_power_cut_loses_the_clock(board):
    with board.console() as console:
        console.prompt()
        console.run("import machine\nmachine.RTC().datetime((2026, 4, 6, 0, 12, 0, 0, 0))")
        board.ctl("power", "off")
        wait_for(lambda: not board.status()["running"], "the board is off")
        board.ctl("power", "on")
        console.prompt()
        assert console.run("import time\nprint(time.gmtime()[:3])") == "(2000, 1, 1)\n"


def test_ctrl_c_in_boot_py_counts_as_an_exception(board):
    board.put("main.py", "print('main', 'starts')")
    with board.console() as console:
        console.prompt()
        console.run("open('boot.py', 'w').write('import time\\nprint(1 + 1, \"boots\")\\ntime.sleep(60)')")
        console.send(_CTRL_D)
        console.read_until(b"2 boots")
        console.send(b"\x03")
        seen = console.read_until(_BANNER)
        assert b"KeyboardInterrupt" in seen
        assert b"main starts" not in seen


def test_a_blank_file_system_is_made_and_a_broken_one_left_alone(tmp_path, boards):
    board = boards()
    with board.console() as console:
        console.prompt()
        assert (
            console.run("import os\nprint(os.listdir('/'), os.statvfs('/')[:3])") == "['boot.py'] (4096, 4096, 763)\n"
        )
        assert "MicroPython-" in console.run("import network\nprint(network.WLAN(1).config('ssid'))")
    board.stop()
    flash = board.state / "flash.bin"
    with flash.open("r+b") as file:
        file.seek(0x100000)
        file.write(b"\x00" * 8192)
    board.start()
    with board.console() as console:
        console.read_until(b"erase the flash and")  # the first time may have begun before we came
        seen = console.read_until(b"erase the flash and")
        assert b"sector 256 with size 763 sectors" in seen
        console.send(b"\x03")
        assert b"KeyboardInterrupt" in console.read_until(_BANNER)
        assert console.type("import os; os.listdir('/')") == "[]\n"


def test_raw_repl_takes_lines_that_end_in_cr_lf(board):
    with board.console() as console:
        console.prompt()
        assert console.run("x = '''a\r\nb'''\r\nif x:\r\n    print(repr(x))\r\n") == "'a\\nb'\n"


def test_a_second_terminal_sees_what_is_printed(board):
    terminal = (
        "import os, io\nclass Term(io.IOBase):\n  got = b''\n  def write(self, data):\n    self.got += bytes(data)\n"
        "    return len(data)\n  def readinto(self, _): return None\n"
    )
    with board.console() as console:
        console.prompt()
        seen = console.run(f"{terminal}t = Term()\nos.dupterm(t)\nprint('both')\nos.dupterm(None)\nprint(t.got)")
    assert seen == "both\nb'both\\r\\n'\n"
