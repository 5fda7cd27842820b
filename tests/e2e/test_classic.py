"""The classic procedure of the first README, typed by hand: esptool, picocom, rshell with nano."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from boards import ROOT, RunningBoard
from terminal import Terminal
from waits import LIMIT_S

from host.image.images import IMAGES

_BIN = Path(sys.executable).parent
_ESPTOOL_4 = ROOT / "build" / "esptool4"
_VERSIONS = {"romfs": b"v1.28.0", "plain": b"v1.28.0", "small": b"v1.19.1"}
_CTRL_O, _CTRL_X = b"\x0f", b"\x18"


def _esptool_of(major: int) -> tuple[list[str | Path], dict[str, str]]:
    """esptool.py of that version: its command, its environment."""
    if major == 5:
        return [_BIN / "esptool.py"], dict(os.environ)
    return [sys.executable, _ESPTOOL_4 / "bin" / "esptool.py"], os.environ | {"PYTHONPATH": str(_ESPTOOL_4)}


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("major", [4, 5])
def test_erase_and_write_by_hand(board: RunningBoard, tmp_path: Path, major: int, image: str) -> None:
    command, environment = _esptool_of(major)
    file = tmp_path / IMAGES[image].file_name
    subprocess.run([sys.executable, "-m", "virtual_feather", "image", image, "--out", file], cwd=ROOT, check=True)

    def esptool(words: str) -> str:
        line = [*command, *words.replace("IMAGE", file.name).split()]
        done = subprocess.run(
            line, cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=LIMIT_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    board.put("/main.py", "print('old')\n")
    assert f"esptool{'.py' * (major == 4)} v{major}." in esptool(f"--port {board.port} erase_flash")
    said = esptool(f"--port {board.port} --baud 115200 write_flash --flash_size=detect -fm dio 0 IMAGE")
    assert "Hash of data verified" in said
    with Terminal(["picocom", board.port, "-b115200"]) as terminal:
        terminal.read_until(b"Terminal ready")
        terminal.type(b"\r")
        terminal.read_until(b">>> ")
        terminal.type(b"import os; print(os.listdir(), os.uname().version)\r")
        terminal.read_until(b"['boot.py'] " + _VERSIONS[image])
        terminal.type(b"\x01\x18")
        terminal.read_until(b"Thanks for using picocom")


def test_repl_of_node_sh(board: RunningBoard) -> None:
    """node.sh shows the command that a user would type without it."""
    with Terminal(["./node.sh", "repl", "--port", board.port], ROOT) as terminal:
        terminal.read_until(f"$ picocom {board.port} -b115200".encode())
        terminal.read_until(b"Terminal ready")
        terminal.type(b"\r")
        terminal.read_until(b">>> ")
        terminal.type(b"\x01\x18")
        terminal.read_until(b"Thanks for using picocom")


_RSHELL = "rshell --port {} --baud 115200 --buffer-size 128 --editor nano"


@pytest.mark.parametrize(
    "command", [f"{_BIN}/{_RSHELL}", f"{ROOT}/node.sh files --port {{}}"], ids=["rshell", "node.sh"]
)
def test_rshell_with_nano(board: RunningBoard, tmp_path: Path, command: str) -> None:
    """touch, cat, edit and repl, and what was edited runs."""
    board.put("/notes.txt", "from the board\n")
    with Terminal(command.format(board.port).split(), tmp_path) as terminal:
        if "node.sh" in command:
            terminal.read_until(f"$ .venv/bin/{_RSHELL.format(board.port)}".encode())
        prompt = b"> "
        assert b"(buffer-size 128)" in terminal.read_until(b"Welcome to")
        terminal.read_until(prompt)
        terminal.type(b"!touch test.py\r")
        terminal.read_until(prompt)
        terminal.type(b"cp test.py /pyboard/\r")
        terminal.read_until(prompt)
        terminal.type(b"cat /pyboard/notes.txt\r")
        terminal.read_until(b"from the board\r\n")
        terminal.read_until(prompt)
        terminal.type(b"edit /pyboard/test.py\r")
        terminal.read_until(b"GNU nano")
        terminal.type(b"print('edited', 6 * 7)")
        terminal.type(_CTRL_O)
        terminal.read_until(b"Cancel")  # nano 7 asks for a "File Name to Write", nano 8 writes "Write to File"
        terminal.type(b"\r")
        terminal.read_until(b"Wrote 1 line")
        terminal.type(_CTRL_X)
        terminal.read_until(b"Updating /pyboard/test.py")
        terminal.read_until(prompt)
        terminal.type(b"cat /pyboard/test.py\r")
        terminal.read_until(b"print('edited', 6 * 7)\r\n")
        terminal.read_until(prompt)
        terminal.type(b"repl\r")
        terminal.read_until(b">>> ")
        terminal.until_raw()
        terminal.type(b"import test\r")
        terminal.read_until(b"edited 42")
        # Between two keys rshell's terminal is cooked, and adds a carriage return of its own.
        assert terminal.read_until(b">>> ") in (b"\r\n>>> ", b"\r\r\n>>> ")
        terminal.until_raw()
        terminal.type(_CTRL_X)
        terminal.read_until(prompt)
        terminal.type(b"\x04")
    assert (tmp_path / "test.py").read_bytes() == b""
    assert board.ctl("get", "/test.py") == "print('edited', 6 * 7)"
