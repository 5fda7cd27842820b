"""From a bare board to its first reading, and from an edited file to the next: by hand, as before, and by flash.sh."""

from __future__ import annotations

import contextlib
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
from host.image.images import IMAGES
from virtual_feather.control import Command, control
from virtual_feather.image import write_image

_FLASH_SIZE = 4 << 20
_TIMEOUT_S = 600
_READING_S = 30
_CLASSIC = "by hand, the ancestor's two files"
_CLASSIC_NODE = "by hand, this node's files"
_OURS = "flash.sh"
_BOUND, _EDIT_BOUND_S, _ALL_BOUND = 3.0, 5.0, 1.5
_METHOD = """a virtual Feather with --paced behind a pty: every byte takes its time on the line at the speed
that is set, and the flash erases and writes as slowly as a real one; the stand-in image is as long as the real
one, and compresses like it. By hand means esptool erase_flash, write_flash at 115200, rshell with its 128-byte
buffer, and the reset button, without a pause between the commands. rshell then uploads either the ancestor's two
files (3 KB of source) or this node's files for the image plain. flash.sh writes the whole node; it also checks the
image, looks for files to save, verifies what it wrote, and waits until the broker hears the node. An edit changes
one line: of main.py (by hand: rshell cp and the reset button; here: flash.sh --files-only), or of a module of
firmware/lib, for which flash.sh writes the ROMFS again. How true the pacing is: virtual-feather.md."""


@dataclass(frozen=True)
class Computer:
    """A board, its broker, and a copy of the files that flash.sh works on."""

    folder: Path
    board: Feather
    state: Path
    broker: Broker
    listener: Listener
    images: Path

    def image(self, name: str) -> Path:
        """The stand-in image `name`, made when it is first asked for."""
        path = self.images / IMAGES[name].file_name
        if not path.exists():
            write_image(name, path)
        return path

    def run(self, *command: object) -> None:
        """Run a program of .venv in the copy."""
        _run(self.folder, *command)

    def reading(self, since: int) -> None:
        """Wait for a reading after message number `since`."""
        assert self.listener.wait(_is_reading, _READING_S, since), "no reading"

    def press_reset(self) -> int:
        """Press the button; return the number of messages before that."""
        before = len(self.listener.messages)
        control(self.state, Command("reset"))
        return before


def _run(folder: Path, *command: object) -> None:
    words = [sys.executable, *map(str, command)]
    pipes = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run(words, cwd=folder, timeout=_TIMEOUT_S, check=False, **pipes)
    assert done.returncode == 0, done.stdout + done.stderr


Act = Callable[[Computer], None]


def _is_reading(message: Message) -> bool:
    return message.topic.startswith(("sensors/", "late/"))


def _copy(folder: Path, broker: Broker) -> None:
    """Copy what flash.sh needs of this repository, with a config.json of its own."""
    for part in ("host", "firmware", "device_libs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "config.json").write_text(json.dumps(settings(broker.port)))
    shutil.copyfile(ROOT / "config.example.json", folder / "config.example.json")
    (folder / "ancestor.py").write_bytes((ROOT / "bench" / "ancestor.py").read_bytes())
    (folder / "main.py").write_text(f"import ancestor\nancestor.main({broker.port})\n")


def _esptool(computer: Computer, *words: object) -> None:
    computer.run("-m", "esptool", "--port", computer.board.path, "--baud", 115200, *words)


def _rshell(computer: Computer, *words: object) -> None:
    rshell = Path(sys.executable).with_name("rshell")
    computer.run(rshell, "--port", computer.board.path, "--buffer-size", 128, "--quiet", *words)


def _flash_sh(computer: Computer, *words: object) -> None:
    computer.run("-m", "host.flash", "--port", computer.board.path, "--yes", *words)


def _edit(path: Path) -> None:
    path.write_text(path.read_text() + "\n# edited\nEDITED = 1\n")


def _write_by_hand(computer: Computer, image: str) -> None:
    _esptool(computer, "erase-flash")
    _esptool(computer, "write-flash", "--flash-size", "detect", "--flash-mode", "dio", 0, computer.image(image))


def _by_hand(computer: Computer) -> None:
    _write_by_hand(computer, "romfs")
    _rshell(computer, "cp", "ancestor.py", "main.py", "/pyboard/")
    computer.reading(computer.press_reset())


def _node_by_hand(computer: Computer) -> None:
    computer.run("-m", "host.image.firmware", "plain")
    _write_by_hand(computer, "plain")
    _rshell(computer, "rsync", "build/plain/flash", "/pyboard")
    computer.reading(computer.press_reset())


def _edit_by_hand(*path: str) -> Act:
    def act(computer: Computer) -> None:
        _edit(computer.folder.joinpath(*path))
        _rshell(computer, "cp", "/".join(path), "/pyboard/")
        computer.reading(computer.press_reset())

    return act


def _by_flash_sh(*words: str) -> Act:
    def act(computer: Computer) -> None:
        _flash_sh(computer, "--image", computer.image("romfs"), *words)

    return act


def _edit_and_flash(*path: str) -> Act:
    def act(computer: Computer) -> None:
        _edit(computer.folder.joinpath("firmware", *path))
        _flash_sh(computer, "--files-only")

    return act


_EDITS = (_edit_and_flash("main.py"), _edit_and_flash("lib", "node", "faults.py"))
# From a bare board to its first reading; one line of main.py; one line of a module.
WAYS: dict[str, tuple[Act, ...]] = {
    _CLASSIC: (_by_hand, _edit_by_hand("main.py"), _edit_by_hand("ancestor.py")),
    _CLASSIC_NODE: (_node_by_hand, _edit_by_hand("build", "plain", "flash", "main.py")),
    _OURS: (_by_flash_sh(), *_EDITS),
    "flash.sh --uploader mpremote": (_by_flash_sh("--uploader", "mpremote"), *_EDITS),
    "flash.sh --uploader rshell": (_by_flash_sh("--uploader", "rshell"), *_EDITS),
}


def _seconds(act: Act, computer: Computer) -> float:
    start = time.monotonic()
    act(computer)
    return time.monotonic() - start


def _measure(acts: tuple[Act, ...]) -> list[float]:
    """Seconds that each act takes, one after the other, on a board that is bare at first."""
    with tempfile.TemporaryDirectory() as name, Broker() as broker, Listener(broker.port) as listener:
        folder = Path(name)
        _copy(folder, broker)
        state = folder / "board"
        state.mkdir()
        (state / "flash.bin").write_bytes(b"\xff" * _FLASH_SIZE)
        with Feather(state, "--paced") as board:
            computer = Computer(folder, board, state, broker, listener, folder)
            return [_seconds(act, computer) for act in acts]


def _measure_at_once(count: int) -> float:
    """Seconds that flash.sh --all takes with `count` bare boards."""
    with tempfile.TemporaryDirectory() as name, Broker() as broker, contextlib.ExitStack() as stack:
        folder = Path(name)
        _copy(folder, broker)
        (folder / "config.json").write_text(json.dumps(settings(broker.port, client_id=None)))
        image = folder / IMAGES["romfs"].file_name
        write_image("romfs", image)
        words = ["-m", "host.flash", "--all", "--yes", "--image", image]
        for number in range(count):
            state = folder / f"board-{number}"
            state.mkdir()
            (state / "flash.bin").write_bytes(b"\xff" * _FLASH_SIZE)
            words += ["--port", stack.enter_context(Feather(state, "--paced")).path]
        start = time.monotonic()
        _run(folder, *words)
        return time.monotonic() - start


def run() -> Report:
    """Deploy and edit in each way."""
    found = {}
    for name, acts in WAYS.items():
        progress(f"deploy: {name}")
        found[name] = _measure(acts)
    table = Table(["", "bare board to first reading", "edited main.py to next reading", "edited module"])
    for name, seconds in found.items():
        table.add(name, *(f"{number:.1f} s" for number in seconds), *["-"] * (3 - len(seconds)))
    deployed, edited, _ = found[_OURS]
    progress("deploy: flash.sh --all")
    one, three = _measure_at_once(1), _measure_at_once(3)
    return Report(
        "deploy",
        "Deploy: onto a board and running",
        _METHOD,
        headlines=[
            _compare("with the ancestor's two files", found[_CLASSIC][0], deployed),
            _compare("with the same node", found[_CLASSIC_NODE][0], deployed),
            f"edited main.py to next reading: {edited:.1f} s (bound {_EDIT_BOUND_S:.0f} s), "
            f"by hand {found[_CLASSIC][1]:.1f} s",
            f"flash.sh --all, three bare boards at once: {three:.1f} s, {three / one:.2f} times as long as one "
            f"({one:.1f} s; bound {_ALL_BOUND} times)",
        ],
        tables=[table],
        versions=versions(*_tools().items()),
    )


def _compare(what: str, by_hand: float, ours: float) -> str:
    return (
        f"bare board to first reading: {ours:.1f} s, {ratio(by_hand, ours)} as fast as by hand {what} "
        f"({by_hand:.1f} s; bound {_BOUND:.0f} times)"
    )


def _tools() -> dict[str, str]:
    return {name: metadata.version(name) for name in ("esptool", "rshell", "mpremote")}
