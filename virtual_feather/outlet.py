"""Bytes on their way to a client that may be slow."""

from __future__ import annotations

import time
from collections.abc import Callable

from .reactor import Alarm, Reactor

_ENOUGH = 64 * 1024  # bytes waiting, from which on the sender has to wait as well
_STALLED_S = 2.0


class Outlet:
    """Keeps bytes in order until the client takes them.

    A client that reads slowly loses nothing: while more than 64 KiB wait, `full` asks the sender to pause. One that has
    the path open and reads nothing for 2 s is no reason to stop a board: from then on what does not fit is lost, as it
    is between a USB bridge and a program that does not read, until the client reads again.
    """

    def __init__(
        self,
        reactor: Reactor,
        write: Callable[[memoryview], int],
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """write: as os.write, raises BlockingIOError or another OSError. changed: `full` has changed.

        clock: the client's seconds, which no fast clock skips.
        """
        self._reactor = reactor
        self._write = write
        self._changed = changed
        self._clock = clock
        self._waiting = bytearray()
        self._stalled = False
        self._was_full = False
        self._taken_at = 0.0  # when the client last took something, or was first asked to
        self._check: Alarm | None = None

    @property
    def full(self) -> bool:
        """Whether the sender should pause."""
        return len(self._waiting) > _ENOUGH and not self._stalled

    def send(self, data: bytes) -> None:
        """Send in order. Lost when the client has stalled and enough waits for it. Raises OSError: it has gone."""
        if self._stalled and len(self._waiting) > _ENOUGH:
            return
        self._waiting += data
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the client takes it. Raises OSError: it has gone."""
        try:
            while self._waiting:
                with memoryview(self._waiting) as view:
                    taken = self._write(view)
                del self._waiting[:taken]
                self._taken_at = self._clock()
                self._stalled = False
        except BlockingIOError:
            if not self._check:
                self._taken_at = self._clock()
                self._check = self._reactor.call_in(_STALLED_S, self._look)
        self._tell()

    def drop(self) -> None:
        """Forget what waits: the client has gone."""
        self._waiting.clear()
        self._stalled = False
        if self._check:
            self._check.cancel()
            self._check = None
        self._tell()

    def _look(self) -> None:
        """See whether the client still reads."""
        self._check = None
        left = self._taken_at + _STALLED_S - self._clock()
        if self._waiting and left > 0:
            self._check = self._reactor.call_in(left, self._look)
        elif self._waiting:
            self._stalled = True
            self._tell()

    def _tell(self) -> None:
        if self._was_full != self.full:
            self._was_full = self.full
            self._changed()
