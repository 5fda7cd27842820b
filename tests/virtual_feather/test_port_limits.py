"""The limits of the chip that a program runs into on the virtual Feather too."""

from __future__ import annotations

import json

import pytest

# The program of MicroPython's issue 2927, which on the ESP8266 recurses 19 levels deep.
_DIVE = """
def dive():
    global depth, failed
    depth += 1
    if not failed:
        try:
            dive()
        except:
            failed = True
def dive_and_tell(_=None):
    global depth, failed
    depth, failed = 0, False
    dive()
    print(depth)
"""


@pytest.mark.parametrize("image", ["romfs", "small"])
def test_calls_get_as_deep_as_on_the_chip(boards, image):
    with boards("b", "--image", image).console() as console:
        console.prompt()
        console.run(_DIVE)
        assert console.run("depth, failed = 0, False\ndive()\nprint(depth)") == "19\n"


def test_a_callback_has_the_stack_that_the_sleep_under_it_leaves(board):
    with board.console() as console:
        console.prompt()
        console.run(_DIVE + "import time\nfrom machine import Timer\nt = Timer(-1)\n")
        found = console.run("t.init(mode=0, period=20, callback=dive_and_tell)\ntime.sleep_ms(100)")
    assert 12 <= int(found) <= 18


@pytest.mark.parametrize("words", ["import {0}", "{0} = __import__('{0}')"])
def test_imports_within_imports_need_no_more_stack_than_on_the_chip(board, words):
    names = [f"m{i}" for i in range(2)]
    with board.console() as console:
        console.prompt()
        for name, inner in zip(names, [*names[1:], "asyncio"], strict=True):
            console.run(f"with open('{name}.py', 'w') as f: f.write({words.format(inner)!r})")
        assert console.run("import m0; print(m0.m1.asyncio.sleep_ms)").startswith("<function")
        console.run(_DIVE)
        assert console.run("depth, failed = 0, False\ndive()\nprint(depth)") == "19\n", "imports give it back"


def test_the_heap_is_the_chips(board):
    with board.console() as console:
        console.prompt()
        free, taken, threshold = console.run(
            "import gc\nassert gc.collect() is None\nprint(gc.mem_free(), gc.mem_alloc(), gc.threshold())"
        ).split()
        assert int(free) + int(taken) == 38_016, "38,912 bytes without the tables of the collector"
        assert int(taken) < 2500
        assert int(threshold) == 38_016 // 4 // 16 * 16


def test_what_the_firmware_tells_of_itself(boards):
    expected = {
        "romfs": "(name='micropython', version=(1, 28, 0, ''), _machine='ESP module with ESP8266', "
        "_mpy=9990, _build='ESP8266_GENERIC-FLASH_2M_ROMFS')",
        "small": "(name='micropython', version=(1, 19, 1, ''), _machine='ESP module (1M) with ESP8266', "
        "_mpy=9990, _build='ESP8266_GENERIC-FLASH_1M')",
    }
    for image, implementation in expected.items():
        board = boards(image, "--image", image)
        with board.console() as console:
            console.prompt()
            assert console.run("import sys\nprint(sys.implementation)") == implementation + "\n"
            seen = console.run("import os\nprint(os.uname(), os.uname().sysname)")
            assert seen.startswith("(sysname='esp8266', nodename='esp8266', release='2.2.0-dev(9422289)', version='v1.")


def test_cycles_are_counted_at_the_processors_clock(board):
    with board.console() as console:
        console.prompt()
        code = (
            "import machine, time\nmachine.freq(%d)\na, us = time.ticks_cpu(), time.ticks_us()\ntime.sleep_ms(100)\n"
            "b, end = time.ticks_cpu(), time.ticks_us()\nprint(time.ticks_diff(b, a) / time.ticks_diff(end, us))"
        )
        assert float(console.run(code % 80_000_000)) == pytest.approx(80, rel=0.05)
        assert float(console.run(code % 160_000_000)) == pytest.approx(160, rel=0.05)


@pytest.mark.parametrize(("rxbuf", "kept"), [(0, 15), (64, 64)])
def test_the_serial_line_without_the_repl_has_a_small_buffer(boards, rxbuf, kept):
    with boards("b", "--paced").console() as console:
        console.prompt()
        console.send(
            b"\x05import os, machine, time\n"
            b"u = machine.UART(0, 115200, rxbuf=%d)\nrepl = os.dupterm(None, 1)\n"
            b"u.write(b'go!')\ntime.sleep(1)\ngot = u.read()\nos.dupterm(repl, 1)\nprint(u, len(got))\n\x04" % rxbuf
        )
        console.read_until(b"\r\ngo!")
        console.send(b"x" * 100)
        assert b"rxbuf=%d, timeout=0, timeout_char=1) %d\r\n" % (kept, kept) in console.read_until(b"\r\n>>> ")


def test_a_clock_line_at_ground_holds_the_program_up(board):
    with board.console() as console:
        console.prompt()
        console.run("import time\nfrom machine import I2C, Pin\ni = I2C(scl=5, sda=4, freq=100000, timeout=20000)")
        attempt = (
            "start = time.ticks_us()\ntry: i.readfrom(0x39, 2)\nexcept OSError as e: print(e.errno)\n"
            "print(time.ticks_diff(time.ticks_us(), start))"
        )
        board.ctl("pin", "5", "low")
        error, took = console.run(attempt).split()
        assert error == "110"
        assert int(took) >= 20_000
        board.ctl("pin", "5", "open")
        board.ctl("i2c", "nack")
        error, took = console.run(attempt).split()
        assert error == "19"
        assert int(took) >= 100, "the address alone"


def test_the_least_of_the_heap_is_what_a_program_has_in_use(board):
    """Ten kilobytes in use for a moment count; a hundred that are garbage do not."""
    board.ctl("heap")
    with board.console() as console:
        console.prompt()
        console.run("for _ in range(100): bytearray(1000)")
        before = json.loads(board.ctl("heap"))
        console.run("b = bytearray(10_000)\ndel b")
        after = json.loads(board.ctl("heap"))
        console.run("import gc\nassert gc.threshold() == 0")
    assert before["free"] - before["least"] < 2000
    assert 10_000 <= after["free"] - after["least"] < 12_000 and abs(after["free"] - before["free"]) < 500
