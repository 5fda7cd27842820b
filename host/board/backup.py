"""Saves what is on a board and was not put there by flash.sh, before it is overwritten: backup/<mac>/<time>/.

backup/<mac>/deployed.json says what flash.sh put on that board: its layout, and the SHA-256 of each file.
"""

import hashlib
import json
import time
from pathlib import Path

from host import private_files
from host.board.loader import Board, Loader
from host.board.repl import Repl, Survey
from host.console import ROOT, Console
from host.image.filesystem import Files, have_littlefs, looks_like_littlefs, read_littlefs
from host.image.images import BLOCK, LAYOUTS

FOLDER = ROOT / "backup"
_PROMPT_LIMIT = 256 * 1024  # bytes; the prompt gives about 4 kB/s, the whole flash takes about 70 s


class Record:
    """What this computer knows about one board."""

    def __init__(self, mac: str, folder: Path = FOLDER) -> None:
        self.folder = folder / mac
        self._path = self.folder / "deployed.json"
        known = json.loads(self._path.read_text()) if self._path.exists() else {}
        self.layout: str | None = known.get("layout")
        self.files: dict[str, str] = known.get("files", {})

    def deployed(self, layout: str, files: Files) -> None:
        """Remember what is on the board now."""
        self.layout = layout
        self.files = hashes(files)
        self._write()

    def _write(self) -> None:
        known = {"layout": self.layout, "files": self.files}
        private_files.write(self._path, json.dumps(known, indent=2, sort_keys=True).encode() + b"\n")

    def updated(self, files: Files) -> None:
        """Remember what an update over the air has put on the board."""
        if self.layout:
            self.files |= hashes(files)
            self._write()

    def save(self, console: Console, files: Files) -> None:
        """Put files of the board into a new folder."""
        folder = self.folder / time.strftime("%Y-%m-%dT%H-%M-%S")
        for path, content in files.items():
            private_files.write(folder / path, content)
            console.note(f"  saved {path} in {folder}")


def hashes(files: Files) -> dict[str, str]:
    """Return the SHA-256 of each file, in hexadecimal."""
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}


# What updates over the air leave in /: see docs/updates.md. The first is the switch.
OF_UPDATES = ("slot", "slot.new", "slot.why", *(f"{name}.py.{half}" for name in ("boot", "main") for half in (0, 1)))
# Files that the node writes for itself: never a user's work.
BY_THE_BOARD = ("config.ok", "set.deferred", "set.answered", "announced", "entities", *OF_UPDATES)


def edited(survey: Survey, record: Record, new: Files) -> list[str]:
    """Return the files on the board that would be lost: neither as flash.sh left them, nor as it will leave them.

    The files in the ROMFS always come from flash.sh.
    """
    coming = hashes(new)
    return [
        path
        for path, file in sorted(survey.files.items())
        if not path.startswith("rom/")
        and path not in BY_THE_BOARD
        and file.sha256 not in (record.files.get(path), coming.get(path))
    ]


def is_much(survey: Survey, paths: list[str]) -> bool:
    """Say whether it is faster to read the whole flash than these files over the prompt."""
    return sum(survey.files[path].size for path in paths) > _PROMPT_LIMIT and have_littlefs()


def save_files(console: Console, repl: Repl, record: Record, paths: list[str]) -> None:
    """Save these files of the board, over the prompt."""
    if paths:
        console.note(f"  not from here, or edited since: {', '.join(paths)}")
        record.save(console, {path: repl.read(path) for path in paths})
    else:
        console.note("  nothing that is not here already")


def has_program(loader: Loader) -> bool:
    """Say whether there is a program at the start of the flash."""
    return loader.read(0, 4) != b"\xff" * 4


def save_from_flash(console: Console, loader: Loader, board: Board, record: Record) -> bool:
    """Save the board's file system without its prompt, by reading the flash. Returns False when there is none."""
    for start in sorted({layout.filesystem_start for layout in LAYOUTS.values()}):
        if looks_like_littlefs(loader.read(start, BLOCK + 16)):  # up to the second superblock's name
            _save_filesystem(console, loader.read(start, board.flash_size - start), record)
            return True
    console.note("  there is no file system of MicroPython's")
    return False


def _save_filesystem(console: Console, content: bytes, record: Record) -> None:
    try:
        if not have_littlefs():
            raise ValueError("littlefs-python is not installed")
        files = read_littlefs(content)
    except ValueError as e:
        console.note(f"  its file system stays whole in one file ({e})")
        files = {"filesystem.bin": content}
    known = hashes(files)
    record.save(console, {path: content for path, content in files.items() if known[path] != record.files.get(path)})
