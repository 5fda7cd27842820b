"""flash.sh --all: every board on USB at once, each by its own flash.sh, with one line per board."""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from host import private_files
from host.console import ROOT, Console
from host.failure import Exit, Failure

_TICK_S = 0.5


@dataclass
class Flashing:
    """One board that is being flashed."""

    port: str
    step: str = "starts"
    node: str = "-"
    said: list[str] = field(default_factory=list)  # lines of its standard error
    heard: list[str] = field(default_factory=list)  # of its standard output: the node's messages at its broker
    code: int | None = None  # exit status
    seconds: float = 0.0

    def run(self, words: Sequence[str]) -> None:
        """Flash it."""
        began = time.monotonic()
        command = [sys.executable, "-m", "host.flash", "--port", self.port, "--yes", *words]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        reader = threading.Thread(target=self._read, args=(process,))
        reader.start()
        self.heard += (line.rstrip() for line in process.stdout or ())
        reader.join()
        self.code = process.wait()
        self.seconds = time.monotonic() - began

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stderr or ():
            self.said.append(line.rstrip())
            if found := re.match(r"\d+\. (.+)", line):
                self.step = found[1]
            elif found := re.match(r"(\S+) on \S+ (works|is on the air, but not well)", line):
                self.node, self.step = found[1], found[2]
            elif found := re.match(r"error: (.+)", line):
                self.step = found[1]

    def line(self) -> str:
        """Return the port and the current step."""
        return f"{self.port}: {self.step}"

    def keep(self) -> None:
        """Write all output to a log file below build/flash/."""
        place = ROOT / "build" / "flash" / f"{re.sub(r'[^A-Za-z0-9]+', '-', self.port).strip('-')}.log"
        private_files.write(place, "\n".join([*self.said, *self.heard, ""]).encode())


def flash(console: Console, found: Sequence[str], words: Sequence[str]) -> None:
    """Flash the boards on these ports at once; `words`: more options for each. Raises the first board's Failure."""
    boards = [Flashing(port) for port in found]
    threads = [threading.Thread(target=board.run, args=(words,)) for board in boards]
    for thread in threads:
        thread.start()
    show = _Lines(console)
    while any(thread.is_alive() for thread in threads):
        show(boards)
        threads[0].join(_TICK_S) if threads[0].is_alive() else time.sleep(_TICK_S)
    show(boards)
    console.note("")
    for row in _table(boards):
        console.note(row)
    for board in boards:
        board.keep()
        for line in board.heard:
            print(line, flush=True)
    if failed := [board for board in boards if board.code]:
        ports = ", ".join(board.port for board in failed)
        raise Failure(Exit(failed[0].code or 0), f"not flashed: {ports}; build/flash/ has all that was said")


def _table(boards: Sequence[Flashing]) -> list[str]:
    rows = [("port", "node", "time", ""), *((b.port, b.node, f"{b.seconds:.0f} s", b.step) for b in boards)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


class _Lines:
    """One line per board: on a terminal in place, otherwise another line for each step of a board."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: list[str] = []

    def __call__(self, boards: Sequence[Flashing]) -> None:
        lines = [board.line() for board in boards]
        if sys.stderr.isatty():
            lines = [line[: shutil.get_terminal_size().columns - 1] for line in lines]  # a longer one would take two
            if self._shown:
                sys.stderr.write(f"\x1b[{len(lines)}F\x1b[J")
            self._shown = []
        for line in lines:
            if line not in self._shown:
                self._console.note(line)
        self._shown = lines
