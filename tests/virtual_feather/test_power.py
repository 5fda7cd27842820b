"""Resets, deep sleep, and power cuts at bad moments."""

from __future__ import annotations

import random
import time

import pytest
from boards import Console, RunningBoard
from waits import wait_for

_BANNER = b'Type "help()" for more information.\r\n>>> '
_MEMORY = "import machine\nprint(machine.RTC().memory())"


def _memory(console: Console) -> str:
    console.prompt()
    return console.run(_MEMORY).strip()


def test_what_goes_on_through_which_reset(board: RunningBoard) -> None:
    board.ctl("wire", "gpio16", "on")
    with board.console() as console:
        console.prompt()
        console.run("import machine\nmachine.RTC().memory(b'kept')\nwith open('f', 'w') as f: f.write('in flash')")
        for how in (b"\x04", b"machine.reset()\r", b"machine.deepsleep(100)\r"):
            console.send(b"import machine\r")
            console.prompt()
            console.send(how)
            console.read_until(_BANNER)
            assert _memory(console) == "b'kept'", how
        board.ctl("reset")
        assert _memory(console) == "b'kept'"
        board.ctl("power", "off")
        board.ctl("power", "on")
        assert _memory(console) == "b''"
        assert console.run("print(open('f').read())") == "in flash\n"


def test_deep_sleep_without_a_wire_ends_with_the_button(board: RunningBoard) -> None:
    with board.console() as console:
        console.prompt()
        console.run("import machine\nmachine.RTC().memory(b'kept')\nmachine.Pin(0, machine.Pin.OUT, value=0)")
        wait_for(lambda: board.status()["led"] == "running", "a lit LED")
        console.send(b"machine.deepsleep(200)\r")
        wait_for(lambda: not board.status()["running"], "sleep")
        time.sleep(0.5)
        status = board.status()
        assert not status["running"] and status["power"], "GPIO16 has pulsed, and nobody was there"
        console.send(b"hello?\r")
        assert b"hello" not in console.read_for(0.3)
        assert board.status()["led"] == "off"
        board.ctl("reset")
        assert _memory(console) == "b'kept'"


def test_gpio16_pulled_low_through_the_wire_resets(board: RunningBoard) -> None:
    board.ctl("wire", "gpio16", "on")
    with board.console() as console:
        console.prompt()
        console.send(b"from machine import Pin; p = Pin(16, Pin.OUT, value=0)\r")
        console.read_until(_BANNER)
    board.ctl("wire", "gpio16", "off")
    with board.console() as console:
        console.prompt()
        assert console.type("from machine import Pin; Pin(16, Pin.OUT, value=0)()") == "0\n"


_WRITER = """
import os
count = 0
while True:
    name = "/d%d/f%d.txt" % (count % 3, count % 7)
    try:
        os.mkdir(name[:3])
    except OSError:
        pass
    with open(name, "w") as f:
        f.write("%d " % count * 700)
    if count % 5 == 4:
        os.rename(name, "/newest.txt")
    count += 1
"""
_CHECK = """
import os
print(open("/canary.txt").read())
for folder in ("/d0", "/d1", "/d2"):
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    for name in names + ["../newest.txt"]:
        try:
            words = set(open(folder + "/" + name).read().split())
        except OSError:
            continue
        if len(words) > 1:
            print("mixed", name, words)
print(os.statvfs("/")[3] > 0)
"""


def test_a_file_system_survives_power_cuts(board: RunningBoard, request: pytest.FixtureRequest) -> None:
    """The supply fails after a random number of bytes programmed or erased, while MicroPython writes files."""
    cuts = 200 if request.config.getoption("--long") else 8
    board.put("canary.txt", "alive")
    chance = random.Random(2561)
    for number in range(cuts):
        with board.console() as console:
            console.prompt()
            board.ctl("power", "cut", str(chance.randrange(60_000)))
            console.send(b"\x01")
            console.read_until(b"raw REPL; CTRL-B to exit\r\n>")
            console.send(_WRITER.encode() + b"\x04")
            wait_for(lambda: not board.status()["power"], "the cut")
        board.ctl("power", "on")
        with board.console() as console:
            console.prompt()
            assert console.run(_CHECK) == "alive\nTrue\n", f"after cut {number + 1}"
    print(f"power cuts: the file system mounted {cuts} of {cuts} times")
