"""A queue of bytes for a client that may read slowly."""

from __future__ import annotations

import time
from collections.abc import Callable

from .reactor import Alarm, Reactor

_ENOUGH = 64 * 1024  # waiting bytes above which the sender has to pause
# A client has stalled when so many looks in a row find that it has read nothing: 2 s, or more on a busy computer.
_LOOKS, _LOOK_S = 8, 0.25


class OutputQueue:
    """Keeps bytes in order until the client takes them.

    A client that reads slowly loses nothing: while more than 64 KiB wait, `full` asks the sender to pause. A client
    that reads nothing for 2 s does not stop the board: until it reads again, bytes that do not fit are lost, as they
    are between a USB bridge and a program that does not read.
    """

    def __init__(
        self,
        reactor: Reactor,
        write: Callable[[memoryview], int],
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """write: as os.write, raises BlockingIOError or another OSError. changed: `full` has changed.

        clock: real seconds, as the client does not live by the board's fast clock.
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
        """Send in order; lost if the client has stalled and the queue is full. Raises OSError: the client has gone."""
        if self._stalled and len(self._waiting) > _ENOUGH:
            return
        self._waiting += data
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the client takes it. Raises OSError: the client has gone."""
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
