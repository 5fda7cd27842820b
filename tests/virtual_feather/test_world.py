"""The world of the virtual Feather, changed with `ctl` and seen from a MicroPython program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from boards import ROOT, RunningBoard
from waits import LIMIT_S, wait_for

from virtual_feather.control import Command, control
from virtual_feather.errors import UserError

_I2C = "from machine import Pin, SoftI2C\ni2c = SoftI2C(scl=Pin(5), sda=Pin(4))\n"
_READ_ID = """
def read_id(address):
    try:
        return i2c.readfrom_mem(address, 0x8A, 1)[0] >> 4
    except OSError as error:
        return -error.errno
"""
_NINE_CLOCKS = """
scl, sda = Pin(5, Pin.OPEN_DRAIN, value=1), Pin(4, Pin.IN)
for clocks in range(1, 20):
    scl(0)
    scl(1)
    if sda():
        break
print(clocks, sda())
"""


@pytest.mark.parametrize(("package", "part"), [("T", 5), ("CS", 1)])
@pytest.mark.parametrize("address", [0x29, 0x39, 0x49])
def test_both_packages_at_every_address(board: RunningBoard, package: str, part: int, address: int) -> None:
    board.ctl("chip", package, hex(address))
    with board.console() as console:
        console.prompt()
        seen = console.run(f"{_I2C}{_READ_ID}print(i2c.scan(), read_id({address}))")
    assert seen == f"[{address}] {part}\n"
    (name,) = board.status()["chips"]
    assert name == f"tsl2561{'cs' if package == 'CS' else ''}@{address:#x}"


def test_the_wires_fail_and_are_mended(board: RunningBoard) -> None:
    with board.console() as console:
        console.prompt()
        console.run(_I2C + _READ_ID)
        assert console.type("read_id(0x39)") == "5\n"
        board.ctl("i2c", "nack")
        assert console.type("read_id(0x39), i2c.scan()") == "(-19, [])\n"
        board.ctl("i2c", "stuck")
        assert console.type("read_id(0x39), Pin(4)()") == "(0, 0)\n"
        board.ctl("i2c", "garbage")
        assert console.type("len({read_id(0x39) for _ in range(50)}) > 5") == "True\n"
        board.ctl("i2c", "ok")
        assert console.type("read_id(0x39)") == "5\n"


def test_the_bus_is_where_its_wires_lead(board: RunningBoard) -> None:
    board.ctl("wire", "i2c", "14", "0")
    with board.console() as console:
        console.prompt()
        console.run(_I2C + _READ_ID)
        assert console.type("read_id(0x39)") == "-19\n", "nobody at GPIO5 and GPIO4"
        console.run(_I2C.replace("Pin(5)", "Pin(14)").replace("Pin(4)", "Pin(0)"))
        assert console.type("read_id(0x39)") == "5\n"
        board.ctl("i2c", "stuck")
        assert console.type("Pin(0)()") == "0\n"
    assert board.status()["i2c_pins"] == [14, 0]
    for words in (("5", "5"), ("16", "4"), ("5",)):
        with pytest.raises(UserError, match="usage: ctl wire"):
            control(board.state, Command("wire", ["i2c", *words]))


def test_a_chip_that_hangs_wants_nine_clocks(board: RunningBoard) -> None:
    """An address byte gives the nine clocks: that transaction fails, and the next one works."""
    with board.console() as console:
        console.prompt()
        board.ctl("i2c", "hang")
        assert console.run("from machine import Pin\n" + _NINE_CLOCKS) == "9 1\n"
        board.ctl("i2c", "hang")
        console.run(_I2C + _READ_ID)
        assert console.type("read_id(0x39), read_id(0x39)") == "(-19, 5)\n"
    assert board.status()["i2c"] == "ok"


def test_the_light_falls_on_the_chip(board: RunningBoard) -> None:
    """Channel 0 at 402 ms and 1x, straight from the registers: twice the light, twice the counts."""
    measure = (
        "import time\nfor control in (0, 3):\n  i2c.writeto_mem(0x39, 0x80, bytes((control,)))\ntime.sleep_ms(440)\n"
        "d = i2c.readfrom_mem(0x39, 0xAC, 4)\nprint(d[0] | d[1] << 8, d[2] | d[3] << 8)"
    )
    counts = []
    with board.console() as console:
        console.prompt()
        console.run(_I2C)
        for words in (("500",), ("1000",), ("1000", "--ratio", "0.1"), ("0",)):
            board.ctl("light", *words)
            counts.append(tuple(map(int, console.run(measure).split())))
    half, full, reddish, dark = counts
    assert full[0] == pytest.approx(2 * half[0], rel=0.01) and full[0] > 1000
    assert full[1] / full[0] == pytest.approx(0.3, abs=0.01)
    assert reddish[1] / reddish[0] == pytest.approx(0.1, abs=0.01)
    assert dark == (0, 0)


def test_the_runapp_wire(board: RunningBoard) -> None:
    with board.console() as console:
        console.prompt()
        console.run("from machine import Pin\nrun = Pin(12, Pin.IN, Pin.PULL_UP)\nedges = []\n"
                    "run.irq(lambda p: edges.append(p()), Pin.IRQ_FALLING | Pin.IRQ_RISING)")  # fmt: skip
        assert console.type("run()") == "1\n"
        board.ctl("runapp", "hold")
        assert console.type("run()") == "0\n"
        board.ctl("runapp", "release")
        assert console.type("run(), edges") == "(1, [0, 1])\n"


def test_the_network_comes_and_goes(board: RunningBoard) -> None:
    with board.console() as console:
        console.prompt()
        board.ctl("wifi", "on", "--ssid", "home", "--key", "right")
        console.run("import network\nw = network.WLAN()\nw.active(True)\nw.connect('home', 'wrong')")
        wait_for(lambda: console.type("w.status()") == "2\n", "wrong password")
        console.type("w.connect('home', 'right')")
        wait_for(lambda: console.type("w.isconnected()") == "True\n", "joined")
        board.ctl("wifi", "off")
        assert console.type("w.isconnected()") == "False\n"
        assert "scan failed" in console.type("w.scan()")  # the SDK has no list to return when it heard no access point
        board.ctl("wifi", "on")
        wait_for(lambda: console.type("w.isconnected()") == "True\n", "joined again, as before")
        assert console.type("w.scan()[0][0]") == "b'home'\n"
        board.ctl("wifi", "on", "--ssid", "other")
        wait_for(lambda: console.type("w.status()") == "3\n", "no such network")


def test_files_go_in_and_out_whether_it_runs_or_not(board: RunningBoard) -> None:
    content = bytes(range(256)) * 40
    board.put("/deep/in/folders/data.bin", content)
    with board.console() as console:
        console.prompt()
        read = "open('/deep/in/folders/data.bin', 'rb').read()"
        assert console.run(f"print({read} == bytes(range(256)) * 40)") == "True\n"
        console.run("f = open('made.txt', 'w')\nf.write('by the board')\nf.close()")
    assert board.ctl("get", "made.txt") == "by the board"
    board.ctl("power", "off")
    assert board.ctl("get", "made.txt") == "by the board"
    board.put("made.txt", "by hand")
    assert not board.status()["power"], "a programmer does not switch it on"
    board.ctl("power", "on")
    with board.console() as console:
        console.prompt()
        assert console.run("print(open('made.txt').read())") == "by hand\n"


def test_get_is_exact(board: RunningBoard) -> None:
    content = os.urandom(100_000)
    board.put("data", content)
    command = [sys.executable, "-m", "virtual_feather", "ctl", "--state", str(board.state), "get", "data"]
    assert subprocess.run(command, check=True, cwd=ROOT, capture_output=True, timeout=LIMIT_S).stdout == content


def test_a_second_board_is_kept_out_of_the_folder(board: RunningBoard) -> None:
    command = [sys.executable, "-m", "virtual_feather", "run", "--state", str(board.state)]
    done = subprocess.run(command, check=False, cwd=ROOT, text=True, capture_output=True, timeout=LIMIT_S)
    assert done.returncode == 1
    assert done.stderr.startswith("virtual_feather: a board is running in") and done.stderr.count("\n") == 1
    assert board.status()["running"]


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_alive(pid: int) -> bool:
    """False for a zombie, too: a container may have nobody who waits for an orphan."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_its_end_leaves_nothing_and_its_folder_is_taken_up_again(
    boards: Callable[..., RunningBoard], number: signal.Signals
) -> None:
    board = boards()
    board.put("kept.txt", "kept")
    mac, (processor,) = board.status()["mac"], _children(board.pid)
    os.kill(board.pid, number)
    wait_for(lambda: not _is_alive(processor), "the processor's end")
    board.stop()
    if number != signal.SIGKILL:
        assert not board.link.is_symlink() and not (board.state / "control").exists()
    board.start()
    assert board.status()["mac"] == mac
    assert board.ctl("get", "kept.txt") == "kept"


def test_a_crash_of_the_interpreter_is_a_reset(board: RunningBoard) -> None:
    (processor,) = _children(board.pid)
    os.kill(processor, signal.SIGSEGV)
    wait_for(lambda: board.status()["resets"] == 2, "a reset")
    with board.console() as console:
        console.prompt()
        assert console.run("import machine\nprint(machine.reset_cause())") == "2\n"
    assert processor not in _children(board.pid), "no zombie"


def test_the_day_passes(board: RunningBoard) -> None:
    board.ctl("light", "day")
    levels = []
    for _ in range(4):
        levels.append(board.status()["light"])
        time.sleep(0.6)
    assert levels == sorted(levels) and levels[-1] > 1.2 * levels[0], "it dawns"
    board.ctl("light", "5")
    time.sleep(0.6)
    assert board.status()["light"] == 5.0
