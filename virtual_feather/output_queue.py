"""Bytes on their way to a client that may be slow."""

from __future__ import annotations

import time
from collections.abc import Callable

from .reactor import Alarm, Reactor

_ENOUGH = 64 * 1024  # bytes waiting, from which on the sender has to wait as well
# So many looks in a row find that the client has read nothing: 2 s, or more when the computer had no time for either.
_LOOKS, _LOOK_S = 8, 0.25


class OutputQueue:
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
        self._looks = 0  # that found nothing read
        self._looked_at = 0.0
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
                self._looks = 0
                self._stalled = False
        except BlockingIOError:
            if not self._check:
                self._looked_at = self._clock()
                self._check = self._reactor.call_in(_LOOK_S, self._look)
        self._tell()

    def drop(self) -> None:
        """Forget what waits: the client has gone."""
        self._waiting.clear()
        self._looks = 0
        self._stalled = False
        if self._check:
            self._check.cancel()
            self._check = None
        self._tell()

    def _look(self) -> None:
        """See whether the client still reads."""
        self._check = None
        if not self._waiting:
            return
        if self._clock() - self._looked_at >= _LOOK_S:
            self._looked_at = self._clock()
            self._looks += 1
        self._stalled = self._looks >= _LOOKS
        if not self._stalled:
            self._check = self._reactor.call_in(_LOOK_S, self._look)
        self._tell()

    def _tell(self) -> None:
        if self._was_full != self.full:
            self._was_full = self.full
            self._changed()
