"""How the scripts end: one exit code for each kind of trouble, and the exception that carries it.

docs/troubleshooting.md has a section for each code.
"""

import errno
import os
import select
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import NoReturn


class Exit(IntEnum):
    """Exit codes of the scripts."""

    OK = 0
    CONFIG = 1  # config.json is missing or invalid
    USAGE = 2  # the command line
    COMPUTER = 3  # this computer: Python, packages, disk full
    PORT = 4  # the serial port: none, several, busy, no permission
    BOARD = 5  # the board on that port: no answer, another chip, flash too small, no prompt
    IMAGE = 6  # the MicroPython image: not available, damaged, changed
    FLASH = 7  # erasing or writing the flash broke off
    FILES = 8  # the files on the board: upload, full file system, verification
    SILENT = 9  # all is written, but the broker did not hear from the node
    BROKER = 10  # the broker cannot be reached, or refuses
    REFUSED = 11  # the node refused an update over the air
    BACK = 12  # the node tried an update over the air, and rolled it back
    PROGRAM = 13  # a fault of the script itself
    INTERRUPTED = 130  # Ctrl-C


class Failure(Exception):
    """The end of a run: `code`, and one sentence that names the thing and the next step."""

    def __init__(self, code: Exit, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


# Errors that any file access on this computer may raise: error number, what to do.
_CURES = {
    errno.ENOSPC: "df -h . /tmp ~/.cache shows which disk is full; make room, then run this again",
    errno.EACCES: "files of this folder belong to another user (sudo?): sudo chown -R $USER . gives them to you",
    errno.EROFS: "this disk cannot be written: remount it, or use another folder",
}


def run(main: Callable[[], None]) -> NoReturn:
    """Run the main function of a script and leave with its exit code."""
    try:
        main()
        print(end="", flush=True)
        code = Exit.OK
    except Failure as e:
        code = _end(e)
    except KeyboardInterrupt:
        print("\nstopped: run this again to go on", file=sys.stderr)
        code = Exit.INTERRUPTED
    except Exception as e:  # a traceback would not help the user
        code = Exit.OK if isinstance(e, BrokenPipeError) and _is_unread() else _end(_accident(e))
    sys.exit(code)


def _is_unread() -> bool:
    """Say whether the reader of our output has ended, as in `| head -1`; Python then writes the rest to nowhere."""
    poller = select.poll()
    for fd in (1, 2):
        poller.register(fd, 0)
    gone = poller.poll(0)
    for fd, _ in gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), fd)
    return bool(gone)


def _accident(e: Exception) -> Failure:
    if isinstance(e, OSError) and e.errno in _CURES:
        return Failure(Exit.COMPUTER, f"{e.filename or 'a file'}: {e.strerror}: {_CURES[e.errno]}")
    at = traceback.extract_tb(e.__traceback__)[-1]
    return Failure(
        Exit.PROGRAM,
        f"{type(e).__name__} in {Path(at.filename).name}, line {at.lineno}: {e or 'no reason given'}: this is a fault "
        "of the script; run it again, and report this line if it comes back",
    )


def _end(failure: Failure) -> Exit:
    print(f"error: {failure}\n(docs/troubleshooting.md, exit {failure.code})", file=sys.stderr)
    return failure.code
