"""A terminal with a program in it, as a person has one."""

from __future__ import annotations

import os
import pty
import select
import signal
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest
from waits import LIMIT_S, wait_for


class Terminal:
    """Types to the program and reads its output; a context manager that ends the program."""

    def __init__(self, command: Sequence[str | Path], folder: Path | None = None) -> None:
        self._pid, self._fd = pty.fork()
        if not self._pid:
            os.environ["TERM"] = "xterm"
            if folder:
                os.chdir(folder)
            os.execvp(command[0], [str(word) for word in command])
        self._seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def type(self, keys: bytes) -> None:
        os.write(self._fd, keys)

    def read_until(self, end: bytes) -> bytes:
        """Everything up to `end`; fails the test when that does not come."""
        while end not in self._seen:
            if not select.select([self._fd], [], [], LIMIT_S)[0]:
                pytest.fail(f"{end!r} did not come: {self._seen!r}")
            try:
                self._seen += os.read(self._fd, 4096)
            except OSError:  # the other end is closed
                pytest.fail(f"the program ended before {end!r}: {self._seen!r}")
        found, _, self._seen = self._seen.partition(end)
        return found + end

    def end(self) -> tuple[int, bytes]:
        """Wait for the program's end; its exit code, and its remaining output."""
        while True:
            assert select.select([self._fd], [], [], LIMIT_S)[0], self._seen
            try:
                self._seen += os.read(self._fd, 4096)
            except OSError:  # the other end is closed
                break
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status), self._seen

    def until_raw(self) -> None:
        """Wait until the program reads key by key: rshell's repl drops what is typed before (TCSAFLUSH)."""
        wait_for(lambda: not termios.tcgetattr(self._fd)[3] & termios.ICANON, "a program that reads key by key")
