"""The time that bytes take on a serial line."""

from __future__ import annotations

import termios
from collections.abc import Callable

from .reactor import Reactor

_BITS = 10  # start, eight data, stop
_SLICE = 64  # bytes delivered at once
_RATES = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name.startswith("B") and name[1:].isdigit()}


class Line:
    """One direction of the line: bytes come out in order, when their last bit would."""

    def __init__(self, reactor: Reactor, deliver: Callable[[bytes], None], baud: Callable[[], int]) -> None:
        """baud: returns the bits a second at which the sender sends now."""
        self._reactor = reactor
        self._deliver = deliver
        self._baud = baud
        self._free_at = 0.0

    @property
    def ahead_s(self) -> float:
        """Seconds until the line has sent all that has been put on it."""
        return max(0.0, self._free_at - self._reactor.now())

    def send(self, data: bytes, not_before: float = 0.0) -> None:
        """Put bytes on the line. not_before: the earliest time, by the reactor's clock."""
        self._free_at = max(self._free_at, self._reactor.now(), not_before)
        for start in range(0, len(data), _SLICE):
            part = data[start : start + _SLICE]
            self._free_at += len(part) * _BITS / self._baud()
            self._reactor.call_at(self._free_at, lambda part=part: self._deliver(part))


def rate_of(descriptor: int) -> int:
    """Bits a second that the client of a pty has set on it; 115200 for a rate that termios does not name."""
    return _RATES.get(termios.tcgetattr(descriptor)[5]) or 115200
