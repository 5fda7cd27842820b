"""A person's terminal with a program in it."""

from __future__ import annotations

import os
import pty
import select
import signal
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest


class Terminal:
    """What is typed reaches the program's terminal, what it shows is read; a context manager that ends the program."""

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

    def read_until(self, end: bytes, timeout: float = 5.0) -> bytes:
        """Everything up to `end`; fails the test when that does not come."""
        deadline = time.monotonic() + timeout
        while end not in self._seen:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                pytest.fail(f"{end!r} did not come: {self._seen!r}")
            self._seen += os.read(self._fd, 4096)
        found, _, self._seen = self._seen.partition(end)
        return found + end

    def until_raw(self, timeout: float = 5.0) -> None:
        """Waits until the program reads key by key: rshell's repl throws away what is typed before (TCSAFLUSH)."""
        deadline = time.monotonic() + timeout
        while termios.tcgetattr(self._fd)[3] & termios.ICANON:
            assert time.monotonic() < deadline, "the terminal is still read by lines"
            time.sleep(0.01)
