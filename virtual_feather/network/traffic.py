"""Whether the network is quiet: no data of the board's is on its way to a program that may answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

from ..reactor import Alarm, Reactor

# Real seconds to wait: for an answer, after the other side has read the board's data; for more data, after an answer;
# for the other side to read the data, until the next look.
_ANSWER_S, _HEELS_S, _UNREAD_S = 0.1, 0.001, 5.0
_LOOK_S = 0.005  # how often to look whether the other side has read the data
_TABLE = Path("/proc/net/tcp")
_End = tuple[str, str]  # local and remote address of a connection, as written in _TABLE


class Traffic:
    """Is told of data that passes, and reports until when the network is not quiet."""

    def __init__(self, reactor: Reactor, moved: Callable[[float], bool]) -> None:
        """moved(t): if nothing more passes, it is quiet from then on, by time.monotonic(); whether that matters."""
        self._reactor = reactor
        self._moved = moved
        self._alarm: Alarm | None = None
        self._sent_to: set[_End] = set()  # since the last answer

    def sent(self, sock: socket.socket | None = None) -> None:
        """Data of the board's goes to a program. sock: the connection, for TCP."""
        if sock and (end := _far_end(sock)):
            self._sent_to.add(end)
        self._await_answer()

    def heard(self) -> None:
        """Data has come for the board."""
        self._sent_to.clear()
        self._moved(time.monotonic() + _HEELS_S)

    def _await_answer(self) -> None:
        wanted = self._moved(time.monotonic() + (_UNREAD_S if self._sent_to else _ANSWER_S))
        if wanted and self._sent_to and not self._alarm:
            self._alarm = self._reactor.call_in(_LOOK_S, self._look)

    def _look(self) -> None:
        """Keep waiting for those programs of this computer that have not read the data."""
        self._alarm = None
        if not self._sent_to:
            return  # answered
        rows = [line.split() for line in _TABLE.read_text().splitlines()[1:]]
        self._sent_to &= {(row[1], row[2]) for row in rows if int(row[4].partition(":")[2], 16)}
        self._await_answer()


def _far_end(sock: socket.socket) -> _End | None:
    """The connection as its far end sees it; None when it is not connected."""
    try:
        return _spelled(*sock.getpeername()), _spelled(*sock.getsockname())
    except OSError:
        return None


def _spelled(host: str, port: int) -> str:
    return f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
