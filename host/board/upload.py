"""Uploads file by file to a board that runs MicroPython, with rshell or mpremote."""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shlex import quote

from host.board.backup import OF_UPDATES, Record, hashes
from host.board.ports import is_address
from host.board.repl import MPREMOTE, Survey
from host.console import Console
from host.failure import Exit, Failure
from host.image.filesystem import Files
from host.image.images import BLOCK

_RSHELL = Path(sys.executable).with_name("rshell")
# Half of MicroPython's receive buffer on the ESP8266, 256 bytes: nothing is read while the flash is written.
_RSHELL_BUFFER = 128
_PYBOARD = Path("/pyboard")


@dataclass(frozen=True)
class Changes:
    """What an upload does: `send` are paths to write, `remove` paths to delete, `folders` those to make first."""

    send: list[str]
    remove: list[str]
    folders: list[str]

    def __bool__(self) -> bool:
        return bool(self.send or self.remove)


def changes(
    survey: Survey, files: Files, record: Record, rom: Files | None = None, files_only: bool = False
) -> Changes:
    """Return what makes the board's LittleFS hold `files`.

    It removes what an earlier version left: files that flash.sh put there and that are no longer wanted; our modules in
    another form (node/session.py would be imported in place of node/session.mpy); and what updates over the air have
    left, including the switch of the ROMFS's halves unless `files_only`. The user's own files stay.
    """
    wanted = hashes(files)
    here = {path: file.sha256 for path, file in survey.files.items() if not path.startswith("rom/")}
    modules = _modules(path for path in (*files, *(rom or {})) if path.startswith("lib/"))
    stale = OF_UPDATES[1:] if files_only else OF_UPDATES
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents} - {"."} - survey.folders
    return Changes(
        send=sorted(path for path in wanted if here.get(path) != wanted[path]),
        remove=sorted(
            path
            for path in here
            if path not in wanted and (path in record.files or path in stale or _module(path) in modules)
        ),
        folders=sorted(folders),
    )


def _module(path: str) -> str | None:
    """Return "lib/node/session" for lib/node/session.py and .mpy; None for what cannot be imported."""
    stem, suffix = os.path.splitext(path)
    return stem if suffix in (".py", ".mpy") else None


def _modules(paths: Iterable[str]) -> set[str]:
    return {module for path in paths if (module := _module(path))}


def shadows(survey: Survey, firmware: Files) -> list[str]:
    """Return the files in the board's / that are imported in place of a module in lib: the user's own, which stay."""
    modules = _modules(path.rpartition("lib/")[2] for path in firmware if "lib/" in path)
    return sorted(path for path in survey.files if _module(path) in modules)


def check_room(survey: Survey, files: Files, wanted: Changes) -> None:
    """Raise Failure when the board has no room for the changes: new content is written before old is removed."""
    needed = sum(len(files[path]) // BLOCK + 1 for path in wanted.send) + 2 * len(wanted.folders) + 2
    if needed > survey.free:
        raise Failure(
            Exit.FILES,
            f"the board's file system is full: {survey.free * 4} KiB free, up to {needed * 4} KiB needed; remove some "
            "of your files (mpremote connect PORT fs rm FILE), or leave out --files-only to start with an empty one",
        )


def by_mpremote(console: Console, port: str, folder: Path, wanted: Changes) -> None:
    """Upload with one mpremote command; `folder` has the files.

    Without a soft reset (`resume`), since the survey may have left a timer that feeds the board's watchdog.
    """
    steps = [["rm", f":{path}"] for path in wanted.remove]
    steps += [["mkdir", f":{path}"] for path in wanted.folders]
    steps += [["cp", str(folder / path), f":{path}"] for path in wanted.send]
    words = [word for step in steps for word in (*step, "+")][:-1]
    status, output = console.run([MPREMOTE, "connect", port, "resume", *words])
    if status:
        raise _broke_off(port, output)


def rshell(port: str) -> list[str]:
    """Return the command line of rshell for this board. Raises Failure for a port that it cannot use."""
    if is_address(port):
        raise Failure(Exit.USAGE, f"rshell cannot use {port}: take --uploader image or mpremote")
    return [str(_RSHELL), "--port", port, "--baud", "115200", "--buffer-size", str(_RSHELL_BUFFER)]


def by_rshell(console: Console, port: str, folder: Path, wanted: Changes) -> None:
    """Upload with one rshell command, in small pieces."""
    command = rshell(port)
    if _PYBOARD.exists():
        # With no board, rshell would take /pyboard for this folder, and write there.
        raise Failure(
            Exit.FILES,
            f"this computer has a folder {_PYBOARD}, where rshell might write: rename it, or use --uploader mpremote",
        )
    steps = [f"rm {_PYBOARD}/{path}" for path in wanted.remove]
    steps += [f"mkdir {_PYBOARD}/{path}" for path in wanted.folders]
    # Each file of the board's / by its name: with no board, `cp FILE /pyboard/` would make a file /pyboard here.
    steps += [f"cp {quote(str(folder / path))} {_PYBOARD}/{path}" for path in wanted.send if "/" not in path]
    deeper = _by_folder(folder, [path for path in wanted.send if "/" in path])
    steps += [f"cp {sources} {_PYBOARD}/{parent}" for parent, sources in deeper.items()]
    status, output = console.run([*command, "; ".join(steps)])
    if status or "No MicroPython boards connected" in output:
        raise _broke_off(port, output)


def _by_folder(folder: Path, paths: Iterable[str]) -> Mapping[str, str]:
    """Return the files to send, as arguments of one cp, by their folder on the board."""
    found: dict[str, str] = {}
    for path in paths:
        parent = path.rpartition("/")[0]
        found[parent] = f"{found.get(parent, '')} {quote(str(folder / path))}".strip()
    return found


def _broke_off(port: str, output: str) -> Failure:
    if not is_address(port) and not os.path.exists(port):
        return Failure(
            Exit.PORT, f"{port} went away during the upload: plug the board in and run this again, that mends it"
        )
    if re.search(r"ENOSPC|No space left|OSError: 28", output):
        return Failure(
            Exit.FILES, "the board's file system is full: remove some of your files, or leave out --files-only"
        )
    last = output.strip().splitlines()[-1].strip() if output.strip() else "no output"
    return Failure(Exit.FILES, f"the upload broke off ({last}): run this again, that mends it")


UPLOADERS = {"rshell": by_rshell, "mpremote": by_mpremote}
