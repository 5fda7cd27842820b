"""From a bare board to its first reading, from an edited file to the next one: by hand, as it was, and by flash.sh."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bench.board import Feather, settings
from bench.broker import Broker
from bench.listener import Listener, Message
from bench.report import Report, Table, progress, ratio
from bench.system import ROOT, versions
from host.images import IMAGES
from virtual_feather.control import Command, control
from virtual_feather.image import write_image

_FLASH_SIZE = 4 << 20
_TIMEOUT_S = 600
_READING_S = 30
_CLASSIC = "by hand: esptool at 115200, then rshell"
_METHOD = """a virtual Feather with --paced behind a pty: every byte takes its time on the line at the speed
that is set, and the flash erases and writes as slowly as a real one; the stand-in image is as long as the real
one and deflates like it. By hand is what the first README said: erase_flash, write_flash at 115200, rshell with
its 128-byte buffer for the ancestor's two files (3 KB of source; MicroPython's modules serve for the rest), the
reset button. flash.sh puts on the whole node, and besides checks the image, looks for files worth saving,
verifies what it wrote and waits for the broker to hear the node. Edited is one line, in main.py by hand and in
a module of firmware/lib for flash.sh, which writes the ROMFS again."""


@dataclass(frozen=True)
class Desk:
    """A board, its broker, and a copy of the files that flash.sh works on."""

    folder: Path
    board: Feather
    state: Path
    broker: Broker
    listener: Listener
    image: Path

    def run(self, *command: object) -> None:
        """Run a program of .venv in the copy."""
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def reading(self, since: int) -> None:
        """Wait for a reading after message number `since`."""
        assert self.listener.wait(_is_reading, _READING_S, since), "no reading"

    def press_reset(self) -> int:
        """The button; the number of messages before it."""
        before = len(self.listener.messages)
        control(self.state, Command("reset"))
        return before


def _is_reading(message: Message) -> bool:
    return message.topic.startswith(("sensors/", "late/"))


def _copy(folder: Path, broker: Broker) -> None:
    """What flash.sh needs of this repository, with a config.json of its own."""
    for part in ("host", "firmware", "device_libs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "config.json").write_text(json.dumps(settings(broker.port)))
    (folder / "ancestor.py").write_bytes((ROOT / "bench" / "ancestor.py").read_bytes())
    (folder / "main.py").write_text(f"import ancestor\nancestor.main({broker.port})\n")


def _esptool(desk: Desk, *words: object) -> None:
    desk.run("-m", "esptool", "--port", desk.board.path, "--baud", 115200, *words)


def _rshell(desk: Desk, *words: object) -> None:
    rshell = Path(sys.executable).with_name("rshell")
    desk.run(rshell, "--port", desk.board.path, "--buffer-size", 128, "--quiet", *words)


def _flash_sh(desk: Desk, *words: object) -> None:
    desk.run("-m", "host.flash", "--port", desk.board.path, "--yes", *words)


def _edit(path: Path) -> None:
    path.write_text(path.read_text() + "\n# edited\nEDITED = 1\n")


def _by_hand(desk: Desk) -> None:
    _esptool(desk, "erase-flash")
    _esptool(desk, "write-flash", "--flash-size", "detect", "--flash-mode", "dio", 0, desk.image)
    _rshell(desk, "cp", "ancestor.py", "main.py", "/pyboard/")
    desk.reading(desk.press_reset())


def _edit_by_hand(desk: Desk) -> None:
    _edit(desk.folder / "main.py")
    _rshell(desk, "cp", "main.py", "/pyboard/")
    desk.reading(desk.press_reset())


def _by_flash_sh(*words: str) -> Callable[[Desk], None]:
    def deploy(desk: Desk) -> None:
        _flash_sh(desk, "--image", desk.image, *words)

    return deploy


def _edit_and_flash(desk: Desk) -> None:
    _edit(desk.folder / "firmware" / "lib" / "node" / "led.py")
    _flash_sh(desk, "--files-only")


WAYS: dict[str, tuple[Callable[[Desk], None], Callable[[Desk], None]]] = {
    _CLASSIC: (_by_hand, _edit_by_hand),
    "flash.sh": (_by_flash_sh(), _edit_and_flash),
    "flash.sh --uploader mpremote": (_by_flash_sh("--uploader", "mpremote"), _edit_and_flash),
    "flash.sh --uploader rshell": (_by_flash_sh("--uploader", "rshell"), _edit_and_flash),
}


def _seconds(act: Callable[[Desk], None], desk: Desk) -> float:
    start = time.monotonic()
    act(desk)
    return time.monotonic() - start


def _measure(ways: tuple[Callable[[Desk], None], ...]) -> list[float]:
    """Seconds of each, one after the other, on a board that is bare at first."""
    with tempfile.TemporaryDirectory() as name, Broker() as broker, Listener(broker.port) as listener:
        folder = Path(name)
        _copy(folder, broker)
        image = folder / IMAGES["romfs"].file_name
        write_image("romfs", image)
        state = folder / "board"
        state.mkdir()
        (state / "flash.bin").write_bytes(b"\xff" * _FLASH_SIZE)
        with Feather(state, "--paced") as board:
            desk = Desk(folder, board, state, broker, listener, image)
            return [_seconds(act, desk) for act in ways]


def run() -> Report:
    """Deploy and edit in each way."""
    found = {}
    for name, ways in WAYS.items():
        progress(f"deploy: {name}")
        found[name] = _measure(ways)
    table = Table(["", "bare board to first reading", "edited file to next reading"])
    for name, (deployed, edited) in found.items():
        table.add(name, f"{deployed:.1f} s", f"{edited:.1f} s")
    (by_hand, edit_by_hand), (ours, edit_ours) = found[_CLASSIC], found["flash.sh"]
    return Report(
        "deploy",
        "Deploy: onto a board and running",
        _METHOD,
        headlines=[
            f"bare board to first reading: {ours:.0f} s, {ratio(by_hand, ours)} as fast as by hand ({by_hand:.0f} s)",
            f"edited file to next reading: {edit_ours:.1f} s, by hand {edit_by_hand:.1f} s",
        ],
        tables=[table],
        versions=versions(*_tools().items()),
    )


def _tools() -> dict[str, str]:
    return {name: metadata.version(name) for name in ("esptool", "rshell", "mpremote")}
