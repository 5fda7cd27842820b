"""The board's TCP: which segment belongs to which connection, and how this computer reaches servers on the board."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from ..reactor import Reactor
from .connection import Connection, prepare
from .packets import ACK, FIN, RST, SYN, Packet, Segment, split_tcp, tcp
from .traffic import Traffic

_Key = tuple[bytes, int, bytes, int]  # address and port of the board, address and port of the other side
_QUEUE = 8  # connections that wait to be accepted
_FOR_USERS = 8000


class Tcp:
    """All connections of the board."""

    def __init__(
        self,
        reactor: Reactor,
        traffic: Traffic,
        send: Callable[[Packet], None],
        host: bytes,
        reaches: Callable[[bytes], bool],
    ) -> None:
        """host: the board's address on this computer's loopback. reaches(address): whether the board may reach it."""
        self._reactor = reactor
        self._traffic = traffic
        self._send = send
        self._host = socket.inet_ntoa(host)
        self._reaches = reaches
        self._connections: dict[_Key, Connection] = {}
        self._listeners: dict[int, socket.socket] = {}

    def close(self) -> None:
        """End all connections and stop listening."""
        for connection in list(self._connections.values()):
            connection.close()
        for port in list(self._listeners):
            self._unlisten(port)

    def receive(self, packet: Packet) -> None:
        """A segment from the board. Raises struct.error if it is too short."""
        segment = split_tcp(packet.payload)
        key = (packet.source, segment.source_port, packet.destination, segment.destination_port)
        opens = segment.flags & (SYN | ACK | RST) == SYN
        connection = self._connections.get(key)
        if connection and opens and connection.first != segment.sequence:
            connection.close()  # the board has been reset meanwhile
            connection = None
        if connection:
            if segment.flags & RST and connection.first is None:
                self._unlisten(segment.source_port)
            connection.receive(segment)
        elif opens:
            self._connect(key, segment)
        elif not segment.flags & RST:
            self._refuse(key, segment)

    def _connect(self, key: _Key, syn: Segment) -> None:
        _, _, address, port = key
        if not self._reaches(address):
            return
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        prepare(sock)
        if address[0] == 127:
            sock.bind((self._host, 0))
        self._new(key, sock).connect(syn, (socket.inet_ntoa(address), port))

    def _new(self, key: _Key, sock: socket.socket) -> Connection:
        board, board_port, other, other_port = key

        def send(flags: int, sequence: int, acknowledgement: int, window: int, data: bytes) -> None:
            segment = Segment(other_port, board_port, sequence, acknowledgement, flags, window, data)
            self._send(tcp(other, board, segment))

        def ended() -> None:
            if self._connections.get(key) is connection:
                del self._connections[key]

        connection = Connection(self._reactor, self._traffic, sock, send, ended)
        self._connections[key] = connection
        return connection

    def _refuse(self, key: _Key, segment: Segment) -> None:
        """There is no such connection (RFC 9293, 3.10.7.1)."""
        board, board_port, other, other_port = key
        size = len(segment.data) + bool(segment.flags & (SYN | FIN))
        if segment.flags & ACK:
            reset = Segment(other_port, board_port, segment.acknowledgement, 0, RST, 0)
        else:
            reset = Segment(other_port, board_port, 0, (segment.sequence + size) % (1 << 32), RST | ACK, 0)
        self._send(tcp(other, board, reset))

    # Servers on the board.

    @property
    def servers(self) -> dict[int, int]:
        """Ports at which the board listens, and this computer's port for each."""
        return {port: listener.getsockname()[1] for port, listener in self._listeners.items()}

    def listen(self, port: int, board: Callable[[], bytes]) -> None:
        """Pass connections to this port of `host` on to the board, until the board refuses one.

        Ports below 1024 need root; for other users the server is at port + 8000. board: its address on its network.
        """
        if port in self._listeners:
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            prepare(listener)
            try:
                listener.bind((self._host, port))
            except PermissionError:
                listener.bind((self._host, port + _FOR_USERS))
            listener.listen(_QUEUE)
        except OSError:  # another program has the port
            listener.close()
            return
        self._listeners[port] = listener
        self._reactor.watch(listener.fileno(), lambda: self._accept(listener, port, board()))

    def _unlisten(self, port: int) -> None:
        if listener := self._listeners.pop(port, None):
            self._reactor.forget(listener.fileno())
            listener.close()

    def _accept(self, listener: socket.socket, port: int, board: bytes) -> None:
        with contextlib.suppress(OSError):  # the client left before it was accepted
            sock, (address, other_port) = listener.accept()
            prepare(sock)
            self._new((board, port, socket.inet_aton(address), other_port), sock).accept()
