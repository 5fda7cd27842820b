"""A TCP relay in front of a broker. It can fall silent, and it asks the kernel what a client has sent and received."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from dataclasses import astuple, dataclass
from typing import Self

_CHUNK = 65536
# linux/tcp.h, struct tcp_info: tcpi_bytes_acked, tcpi_bytes_received; tcpi_data_segs_in, tcpi_data_segs_out.
_BYTES_AT, _SEGMENTS_AT = 120, 152


@dataclass(frozen=True)
class Traffic:
    """Payload bytes and the TCP segments that carried them, as the client sees directions."""

    bytes_out: int
    bytes_in: int
    segments_out: int
    segments_in: int

    def __sub__(self, other: Traffic) -> Traffic:
        return Traffic(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))


class Relay:
    """Listens on `port`. With no target it accepts, reads and never answers."""

    def __init__(self, target: int | None = None) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers: dict[socket.socket, socket.socket | None] = {}
        self._client: socket.socket | None = None
        self._silent = False
        self.accepted: list[float] = []  # time.monotonic() of each connection
        self._wake, end = socket.socketpair()
        self._selector.register(end, selectors.EVENT_READ)
        self._end = end
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.send(b".")
        self._thread.join()
        for sock in (self._listener, self._wake, self._end, *self._peers):
            sock.close()
        self._selector.close()

    def silence(self) -> None:
        """From now on pass nothing on, in either direction; connections stay open, and new ones are accepted."""
        self._silent = True

    def traffic(self) -> Traffic:
        """What the latest client has exchanged so far, by the kernel's count at this end of its connection."""
        assert self._client, "no client has come"
        info = self._client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        acked, received = struct.unpack_from("<QQ", info, _BYTES_AT)
        segments_in, segments_out = struct.unpack_from("<II", info, _SEGMENTS_AT)
        return Traffic(received, acked, segments_in, segments_out)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._end:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._pass(key.fileobj)  # type: ignore[arg-type]

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self.accepted.append(time.monotonic())
        server = socket.create_connection(("127.0.0.1", self._target)) if self._target else None
        self._client = client
        for sock, peer in ((client, server), (server, client)):
            if sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._peers[sock] = peer
                self._selector.register(sock, selectors.EVENT_READ)

    def _pass(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(_CHUNK)
        except OSError:
            data = b""
        peer = self._peers.get(sock)
        if not data:
            self._close(sock)
        elif peer and not self._silent:
            peer.sendall(data)

    def _close(self, sock: socket.socket) -> None:
        for one in (sock, self._peers.get(sock)):
            if one in self._peers:
                self._selector.unregister(one)
                del self._peers[one]
                if one is not self._client:  # its counters are still to be read
                    one.close()
