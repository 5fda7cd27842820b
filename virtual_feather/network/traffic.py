"""Whether the network is quiet: nothing of the board's on its way to somebody who may answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

from ..reactor import Alarm, Reactor

# Real seconds: behind what the board has sent and the other side has read, until its answer is here; behind an answer,
# until those that follow on its heels are; before what was sent has been read, as long as nobody has looked.
_ANSWER_S, _HEELS_S, _UNREAD_S = 0.1, 0.001, 5.0
_LOOK_S = 0.005  # how often to see whether the other side has had its turn
_TABLE = Path("/proc/net/tcp")
_End = tuple[str, str]  # as the table spells a connection's own address and its other one


class Traffic:
    """Is told what passes."""

    def __init__(self, reactor: Reactor, moved: Callable[[float], bool]) -> None:
        """moved(time.monotonic()): it is not quiet before, if nothing more passes; whether anybody wants to know."""
        self._reactor = reactor
        self._moved = moved
        self._alarm: Alarm | None = None
        self._sent_to: set[_End] = set()  # since the last answer

    def sent(self, sock: socket.socket | None = None) -> None:
        """Something of the board's goes to a program; sock: by this connection."""
        if sock and (end := _far_end(sock)):
            self._sent_to.add(end)
        self._await_answer()

    def heard(self) -> None:
        """Something has come for the board."""
        self._sent_to.clear()
        self._moved(time.monotonic() + _HEELS_S)

    def _await_answer(self) -> None:
        wanted = self._moved(time.monotonic() + (_UNREAD_S if self._sent_to else _ANSWER_S))
        if wanted and self._sent_to and not self._alarm:
            self._alarm = self._reactor.call_in(_LOOK_S, self._look)

    def _look(self) -> None:
        """Wait on for a program of this computer that has not read what was sent."""
        self._alarm = None
        if not self._sent_to:
            return  # answered
        rows = [line.split() for line in _TABLE.read_text().splitlines()[1:]]
        self._sent_to &= {(row[1], row[2]) for row in rows if int(row[4].partition(":")[2], 16)}
        self._await_answer()


def _far_end(sock: socket.socket) -> _End | None:
    """None when it is not connected."""
    try:
        return _spelled(*sock.getpeername()), _spelled(*sock.getsockname())
    except OSError:
        return None


def _spelled(host: str, port: int) -> str:
    return f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
