"""The usual tools, unchanged, on the serial path of the virtual Feather: picocom, rshell, mpremote."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal import Terminal

_BIN = Path(sys.executable).parent


def _run(*command: object, timeout: float = 60.0) -> str:
    """A command's output; fails the test when the command fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, check=False, text=True, capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _mpremote(board, *words: object) -> str:
    return _run(sys.executable, "-m", "mpremote", "connect", board.port, *words)


def _rshell(board, *words: object) -> str:
    return _run(_BIN / "rshell", "--port", board.port, "--baud", "115200", "--buffer-size", "128", *words)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a text, a large binary file and a program."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "notes.txt").write_text("one\ntwo\n")
    (folder / "data.bin").write_bytes(random.Random(7).randbytes(9000))
    (folder / "program.py").write_text("import sys\nprint('ran on', sys.platform)\n")
    return folder


@pytest.mark.parametrize("image", ["romfs", "small"])
def test_mpremote(boards, files, image):
    board = boards("b", "--image", image)
    data = files / "data.bin"
    _mpremote(board, "fs", "mkdir", ":lib")
    _mpremote(board, "fs", "cp", data, ":lib/data.bin")
    listing = _mpremote(board, "fs", "ls", ":lib")
    assert re.search(r"9000 data\.bin", listing)
    assert hashlib.sha256(data.read_bytes()).hexdigest() in _mpremote(board, "fs", "sha256sum", ":lib/data.bin")
    back = files / "back.bin"
    _mpremote(board, "fs", "cp", ":lib/data.bin", back)
    assert back.read_bytes() == data.read_bytes()
    assert _mpremote(board, "fs", "cat", ":boot.py")
    assert _mpremote(board, "run", files / "program.py") == "ran on esp8266\n"
    assert _mpremote(board, "eval", "6*7") == "42\n"
    assert _mpremote(board, "exec", "x = 'kept'") == ""
    assert _mpremote(board, "resume", "exec", "print(x)") == "kept\n"
    assert "9000" in _mpremote(board, "exec", "import os; print(os.stat('/lib/data.bin')[6])")
    _mpremote(board, "fs", "rm", ":lib/data.bin", "+", "fs", "rmdir", ":lib")
    assert "lib" not in _mpremote(board, "fs", "ls")
    # A plain connection of three steps, as rshell's help describes it.
    assert _mpremote(board, "soft-reset", "eval", "'x' in dir()") == "False\n"


def test_mpremote_takes_the_board_from_a_busy_program(board, files):
    board.put("main.py", "import time\nwhile True: time.sleep(1)\n")
    assert "main.py" in _mpremote(board, "fs", "ls")
    board.put("main.py", "while True: pass\n")
    assert "main.py" in _mpremote(board, "fs", "ls")


def test_mpremote_writes_romfs(board, files):
    (files / "rom").mkdir()
    (files / "rom" / "inrom.py").write_text("ANSWER = 42\n")
    _mpremote(board, "romfs", "deploy", files / "rom")
    assert (
        _mpremote(board, "exec", "import sys; print(sys.path)") == "['', '.frozen', '/rom', '/rom/lib', '/lib', '/']\n"
    )
    assert _mpremote(board, "exec", "import inrom, os; print(inrom.ANSWER, os.listdir('/rom'))") == "42 ['inrom.mpy']\n"


@pytest.mark.parametrize("image", ["romfs", "small"])
def test_rshell(boards, files, image):
    board = boards("b", "--image", image)
    assert "boot.py" in _rshell(board, "ls", "/pyboard")
    _rshell(board, "cp", files / "notes.txt", "/pyboard/notes.txt")
    assert "one\ntwo" in _rshell(board, "cat", "/pyboard/notes.txt").replace("\r", "")
    _rshell(board, "rsync", files, "/pyboard/lib")
    (files / "notes.txt").write_text("three\n")
    later = time.time() + 60
    os.utime(files / "notes.txt", (later, later))
    again = _rshell(board, "rsync", files, "/pyboard/lib")
    assert "notes.txt is newer" in again and "data.bin is newer" not in again
    assert re.search(time.strftime(r"6 %b %d \d\d:\d\d notes.txt"), _rshell(board, "ls", "-l", "/pyboard/lib"))
    back = files / "back.bin"
    _rshell(board, "cp", "/pyboard/lib/data.bin", back)
    assert back.read_bytes() == (files / "data.bin").read_bytes()
    assert "42" in _rshell(board, "repl", "~", "print(6*7)", "~")
    _rshell(board, "rm", "/pyboard/notes.txt")
    assert "notes.txt" not in _rshell(board, "ls", "/pyboard")


@pytest.mark.skipif(not shutil.which("picocom"), reason="picocom is not installed")
def test_picocom(board):
    """Ctrl-C to stop, a line, Ctrl-D for a soft reset, Ctrl-A Ctrl-X to leave; then a second picocom."""
    board.put("main.py", "import time\nwhile True:\n  print('main runs')\n  time.sleep(0.1)\n")
    for _ in range(2):
        with Terminal(["picocom", board.port, "-b115200"]) as terminal:
            terminal.read_until(b"Terminal ready")
            terminal.read_until(b"main runs\r\n")
            terminal.type(b"\x03")
            terminal.read_until(b">>> ")
            terminal.type(b"import sys; print(sys.platform, 6 * 7)\r")
            terminal.read_until(b"esp8266 42\r\n>>> ")
            terminal.type(b"\x04")
            terminal.read_until(b"MPY: soft reboot\r\n")
            terminal.read_until(b"main runs\r\n")
            terminal.type(b"\x01\x18")
            terminal.read_until(b"Thanks for using picocom")


def test_one_client_after_the_other(board):
    """A client that is killed in the raw REPL leaves a board that the next client can use."""
    for _ in range(3):
        code = (
            "import serial, sys, time\n"
            "line = serial.Serial(sys.argv[1], 115200)\n"
            "line.write(b'\\r\\x03\\x03\\x01'); time.sleep(0.2)\n"
            "line.write(b'while True: print(1)\\x04'); time.sleep(9)\n"
        )
        client = subprocess.Popen([sys.executable, "-c", code, board.port])
        time.sleep(1.0)
        client.kill()
        client.wait()
        assert _mpremote(board, "eval", "6*7") == "42\n"
