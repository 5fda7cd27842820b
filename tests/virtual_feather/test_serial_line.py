"""The serial line of the virtual Feather: clients that come, leave, die or read slowly; the time that bytes take."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial
from boards import ROOT, RunningBoard
from waits import LIMIT_S, wait_for

_BAUD = 115200
_SIZE = 100_000
_PRINT = "for i in range(1000): print('%03d ' % i + 'x' * 94)"  # 100 characters a line, its end included
_HASH = """
import hashlib, micropython, sys
micropython.kbd_intr(-1)
digest = hashlib.sha256()
print("ready")
left = {size}
while left:
    data = sys.stdin.buffer.read(min(left, 256))
    digest.update(data)
    left -= len(data)
print(digest.digest().hex())
"""


def _esptool(*words: str | Path) -> str:
    command = [sys.executable, "-m", "esptool", *map(str, words)]
    done = subprocess.run(command, check=False, cwd=ROOT, text=True, capture_output=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _says_hello(board: RunningBoard) -> None:
    with board.console() as console:
        console.send(b"\r\x03\x02")  # Ctrl-B: leave a raw REPL that the last client left open
        console.prompt()
        assert console.type("'hel' + 'lo'") == "'hello'\n"


def test_esptool_and_micropython_take_turns_on_one_path(board: RunningBoard, tmp_path: Path) -> None:
    _says_hello(board)
    image = tmp_path / "small.bin"
    subprocess.run([sys.executable, "-m", "virtual_feather", "image", "small", "--out", image], check=True, cwd=ROOT)
    assert board.status()["mac"] in _esptool("--port", board.port, "read-mac").replace(":", "")
    _says_hello(board)
    _esptool("--port", board.port, "--baud", "460800", "write-flash", "-e", "-fs", "detect", "-fm", "dio", "0", image)
    with board.console() as console:
        console.prompt()
        assert console.run("import os\nprint(os.uname().version)") == "v1.19.1 on 2022-06-18\n"
    _esptool("--port", board.port, "erase-flash")
    wait_for(lambda: not board.status()["running"], "an empty board")
    with board.console() as console:
        console.send(b"\r\x03")
        assert console.read_for(0.5) == b"", "no valid image, no prompt"


@pytest.mark.filterwarnings("ignore:set:DeprecationWarning:serial.rfc2217")
def test_reset_lines_over_tcp(boards: Callable[..., RunningBoard]) -> None:
    board = boards("feather", "--rfc2217", "0")
    url = board.second_path()
    assert url.startswith("rfc2217://127.0.0.1:")
    with serial.serial_for_url(url, _BAUD, timeout=0.2) as line:
        line.write(b"\r\x03\x03'he'+'re'\r")
        wait_for(lambda: b"'here'" in line.read(4096), "the prompt")
    resets = board.status()["resets"]
    assert board.status()["mac"] in _esptool("--port", url, "--chip", "esp8266", "read-mac").replace(":", "")
    wait_for(lambda: board.status()["running"], "the program after a hard reset")
    assert board.status()["resets"] > resets
    _says_hello(board)


@pytest.mark.parametrize("moment", ["raw REPL", "paste", "a frame of esptool"])
def test_the_next_client_takes_over_from_one_that_was_killed(board: RunningBoard, moment: str) -> None:
    typed = {
        "raw REPL": b"\\r\\x03\\x01print(1",
        "paste": b"\\r\\x03\\x05def f():\\r",
        "a frame of esptool": b"\\xc0\\x00\\x08\\x24\\x00\\x00\\x00\\x00\\x00\\x07\\x07\\x12",
    }[moment]
    code = f"import serial, time\nline = serial.Serial({board.port!r}, {_BAUD})\nline.write(b'{typed.decode()}')\n"
    client = subprocess.Popen([sys.executable, "-c", code + "print('typed', flush=True)\ntime.sleep(60)"], stdout=-1)
    assert client.stdout.readline() == b"typed\n"
    time.sleep(0.2)
    os.kill(client.pid, signal.SIGKILL)
    client.wait(LIMIT_S)
    client.stdout.close()
    _says_hello(board)
    assert board.status()["mac"] in _esptool("--port", board.port, "read-mac").replace(":", "")
    _says_hello(board)


def test_a_killed_boards_path_leads_to_no_other_board(boards: Callable[..., RunningBoard]) -> None:
    """The system gives the pty's number to the next program; a client that opens the old path must find nothing."""
    killed = boards("killed")
    number = os.path.realpath(killed.link)
    os.kill(killed.pid, signal.SIGKILL)
    killed.stop()
    assert killed.link.is_symlink(), "nobody was left to remove it"
    ends = []
    while not os.path.exists(number):
        ends += os.openpty()
    with pytest.raises(serial.SerialException, match="No such file"):
        killed.console()
    for end in ends:
        os.close(end)


def test_a_board_that_is_killed_while_it_prints_says_nothing_of_it(boards: Callable[..., RunningBoard]) -> None:
    """Its processor is a process of its own, which must end too; any text on standard error fails a test."""
    for i in range(5):
        board = boards(f"killed-{i}")
        with board.console() as console:
            console.prompt()
            console.send(b"while True: print('x' * 90)\r\r")
            console.read_until(b"x" * 90 + b"\r\n" + b"x" * 90)
            os.kill(board.pid, signal.SIGKILL)
        board.stop()


def test_a_slow_client_loses_nothing(board: RunningBoard) -> None:
    """The client sleeps between its reads; meanwhile the program waits in print()."""
    lines = 4000
    with board.console() as console:
        console.prompt()
        console.send(b"for i in range(%d): print('%%06d' %% i + 'x' * 92)\r\r" % lines)
        seen = b""
        while b"%06d" % (lines - 1) not in seen:
            time.sleep(0.02)
            seen += console.line.read(8192)
    numbers = [int(line[:6]) for line in seen.split(b"\r\n") if line[6:] == b"x" * 92]
    assert numbers == list(range(lines))


def test_a_client_that_does_not_read_stops_no_program(board: RunningBoard) -> None:
    """400 kB for a client that has the path open and does not read: some is lost, the program ends."""
    with board.console() as console:
        console.prompt()
        console.send(b"from machine import Pin; led = Pin(0, Pin.OUT, value=1)\r")
        console.send(b"for i in range(4000): print('x' * 98)\r\rled(0)\r")
        wait_for(lambda: board.status()["led"] == "running", "the end of the program")


def test_ctrl_c_reaches_a_program_that_waits_for_a_slow_client(board: RunningBoard) -> None:
    with board.console() as console:
        console.prompt()
        console.send(b"while True: print('x' * 98)\r\r")
        time.sleep(0.5)
        console.send(b"\x03")
        console.read_until(b"KeyboardInterrupt")


@pytest.fixture
def paced(boards: Callable[..., RunningBoard]) -> RunningBoard:
    return boards("feather", "--paced")


def _no_faster_than_the_line(board: RunningBoard, began: float) -> None:
    """A busy computer may take longer; test_pacing.py tests the upper bound."""
    assert board.clock - began > 0.95 * _SIZE * 10 / _BAUD


def test_printing_takes_as_long_as_on_a_real_line(paced: RunningBoard) -> None:
    with paced.console() as console:
        console.prompt()
        began = paced.clock
        printed = console.run(_PRINT)
        _no_faster_than_the_line(paced, began)
    assert [int(line[:3]) for line in printed.splitlines()] == list(range(1000))


def test_typing_takes_as_long_as_on_a_real_line(paced: RunningBoard) -> None:
    data = os.urandom(_SIZE)
    with paced.console() as console:
        console.prompt()
        console.line.write_timeout = 30.0
        console.send(b"\r\x01")
        console.read_until(b"raw REPL; CTRL-B to exit\r\n>")
        console.send(_HASH.format(size=_SIZE).encode() + b"\x04")
        console.read_until(b"ready\r\n")
        began = paced.clock
        console.send(data)
        assert console.read_until(b"\r\n") == hashlib.sha256(data).hexdigest().encode() + b"\r\n"
        _no_faster_than_the_line(paced, began)


def test_a_program_that_does_not_read_overruns_its_buffer(paced: RunningBoard) -> None:
    """The port's ring buffer keeps the first 255 bytes; Ctrl-C gets through all the same."""
    with paced.console() as console:
        console.prompt()
        console.send(b"import sys, time; time.sleep(2); got = sys.stdin.buffer.read(255)\r")
        console.read_until(b"255)\r\n")
        console.send(b"".join(b"%03d " % i for i in range(250)))
        console.read_until(b">>> ")
        assert console.type("got[:8], got[-7:]") == "(b'000 001 ', b'062 063')\n", "and nothing in between"
        console.send(b"while True: time.sleep(1)\r\r" + bytes(600) + b"\x03")
        console.read_until(b"KeyboardInterrupt")


def test_flash_takes_its_time(paced: RunningBoard) -> None:
    code = (
        "import esp, time\nstart = time.ticks_ms()\nfor sector in range(0xB0, 0xBA): esp.flash_erase(sector)\n"
        "print(time.ticks_diff(time.ticks_ms(), start))\n"
    )
    with paced.console() as console:
        console.prompt()
        assert int(console.run(code)) >= 430, "ten sectors, 45 ms each"
