"""A broker that does what no broker should: the test gives its behaviour as a function."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Self

from waits import LIMIT_S

CONNACK = b"\x20\x02\x00\x00"
PINGRESP = b"\xd0\x00"


class FakeBroker:
    """Calls `behave` with each connection (a Connection), one after the other, and closes it afterwards."""

    def __init__(self, behave: Callable[[Connection], None]) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._connection: socket.socket | None = None
        self._ending = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._connection:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while not self._ending:
            try:
                self._connection, _ = self._listener.accept()
            except OSError:
                return
            with self._connection, contextlib.suppress(OSError, EOFError):
                self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._behave(Connection(self._connection))


class Connection:
    """One connection, as a broker sees it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.send = sock.sendall

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def packet(self) -> tuple[int, bytes]:
        """The next packet of the client: first byte, body. Raises EOFError, TimeoutError."""
        first = self._exactly(1)[0]
        size = shift = 0
        while True:
            byte = self._exactly(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return first, self._exactly(size)

    def packets(self) -> Iterator[tuple[int, bytes]]:
        """The packets until the client closes."""
        while True:
            yield self.packet()

    def answer(self, first: int, body: bytes) -> bytes:
        """The answer of a good broker."""
        if first == 0x10:
            return CONNACK
        if first & 0xF0 == 0x30 and first & 0x06:
            topic = body[0] << 8 | body[1]
            return b"\x40\x02" + body[2 + topic : 4 + topic]
        if first == 0x82:
            return b"\x90\x03" + body[:2] + b"\x01"
        if first == 0xC0:
            return PINGRESP
        return b""

    def greet(self) -> None:
        """Be a good broker until the node has published `online`, its last step before it is up."""
        online = False
        while not online:
            first, body = self.packet()
            self.send(self.answer(first, body))
            online = first & 0xF0 == 0x30 and body[2:].startswith(b"status/")
