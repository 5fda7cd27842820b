"""The board's UDP: from a port's first datagram on, the port is a socket of this computer."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from ..reactor import Reactor
from .packets import MAX_DATAGRAM, Packet, udp
from .traffic import Traffic

_MOST = 32  # sockets; the least recently used one makes room for a new one
_MULTICAST = range(224, 240)
_EVERYBODY, _EVERYBODY_HERE = socket.inet_aton("255.255.255.255"), "127.255.255.255"
_Key = tuple[int, bool]  # port of the board; whether its socket is on the loopback


class Udp:
    """All ports of the board."""

    def __init__(self, reactor: Reactor, traffic: Traffic, send: Callable[[Packet], None], host: bytes) -> None:
        """host: the board's address on this computer's loopback."""
        self._reactor = reactor
        self._traffic = traffic
        self._send = send
        self._host = socket.inet_ntoa(host)
        self._sockets: dict[_Key, socket.socket] = {}
        self._boards: dict[_Key, bytes] = {}  # the address that the board sends from
        self._faces: dict[tuple[str, int], tuple[bytes, int]] = {}

    def close(self) -> None:
        """Close all sockets."""
        for key in list(self._sockets):
            self._forget(key)

    def appears_as(self, server: tuple[str, int], address: bytes, port: int) -> None:
        """Datagrams from a server outside reach the board with this address and port as their source."""
        self._faces[server] = (address, port)

    def send(self, source: bytes, source_port: int, address: bytes, port: int, data: bytes) -> None:
        """A datagram of the board's, to a program of this computer or of its network."""
        here = address[0] == 127 or address == _EVERYBODY or address[0] in _MULTICAST
        name = _EVERYBODY_HERE if address == _EVERYBODY else socket.inet_ntoa(address)
        self._boards[(source_port, here)] = source
        with contextlib.suppress(OSError):  # lost, as datagrams may be
            sock = self._socket((source_port, here))
            sock.sendto(data, (name, port))
            self._traffic.sent()

    def listen(self, port: int, board: bytes) -> None:
        """Pass datagrams to this port on to the board. board: its address."""
        self._boards[(port, True)] = board
        with contextlib.suppress(OSError):
            self._socket((port, True))

    def _socket(self, key: _Key) -> socket.socket:
        """The socket of a port, which is now the most recently used. Raises OSError when this computer gives none."""
        if sock := self._sockets.pop(key, None):
            self._sockets[key] = sock
            return sock
        if len(self._sockets) == _MOST:
            self._forget(next(iter(self._sockets)))
        port, here = key
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        if here:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            try:
                sock.bind((self._host, port))
            except OSError:  # below 1024, or another program has the port
                sock.bind((self._host, 0))
        self._sockets[key] = sock
        self._reactor.watch(sock.fileno(), lambda: self._receive(key))
        return sock

    def _forget(self, key: _Key) -> None:
        sock = self._sockets.pop(key)
        del self._boards[key]
        self._reactor.forget(sock.fileno())
        sock.close()

    def _receive(self, key: _Key) -> None:
        with contextlib.suppress(OSError):
            data, sender = self._socket(key).recvfrom(MAX_DATAGRAM + 1)
            self._traffic.heard()
            address, port = self._faces.get(sender) or (socket.inet_aton(sender[0]), sender[1])
            if len(data) <= MAX_DATAGRAM:
                self._send(udp(address, port, self._boards[key], key[0], data))
