"""The router behind the access point: the other end of the board's Wi-Fi.

Its network is this computer's own loopback, 127.0.0.0/8, so that an address means the same on the board and on this
computer: 127.0.0.1 is this computer, and the board has an address of its own there, made from its MAC.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from ..reactor import Reactor
from . import dhcp, names
from .packets import (
    ARP,
    ICMP,
    IPV4,
    TCP,
    UDP,
    Packet,
    arp_answer,
    arp_question,
    echo_reply,
    ethernet,
    ipv4,
    split_ethernet,
    split_ipv4,
    split_udp,
    udp,
)
from .tcp import Tcp
from .traffic import Traffic
from .udp import Udp

_MAC = b"\x02\x00\x7f\x00\x00\x01"
_EVERY_MAC = b"\xff" * 6
_HERE = socket.inet_aton("127.0.0.1")
_MASK = socket.inet_aton("255.0.0.0")
_EVERYBODY = socket.inet_aton("255.255.255.255")


def address_of(mac: bytes) -> bytes:
    """The address of a board on its network: in 127.64.0.0/10, where nothing else is."""
    return bytes((127, 64 | mac[3] & 63)) + mac[4:]


class Gateway:
    """One board's network."""

    def __init__(
        self,
        reactor: Reactor,
        mac: bytes,
        send: Callable[[bytes], None],
        busy_until: Callable[[float], bool],
        network: bool = False,
    ) -> None:
        """mac: the board's factory MAC. send: sends a frame to the board. network: reach more than this computer.

        busy_until(t): until then, by time.monotonic(), an answer may be under way; called again while traffic passes.
        Returns whether the clock is fast, so that the time matters.
        """
        self._board = mac  # MAC that frames go to: the sender of the board's last frame
        self._host = address_of(mac)
        self._board_address = self._host
        self._send_frame = send
        self._network = network
        self._traffic = Traffic(reactor, busy_until)
        self._tcp = Tcp(reactor, self._traffic, self._send, self._host, self._reaches)
        self._udp = Udp(reactor, self._traffic, self._send, self._host)
        self._resolver = names.resolver() if network else None
        if self._resolver:
            self._udp.appears_as(self._resolver, _HERE, names.DNS_PORT)
        self.linked = False  # the radio's link: without it no frame passes

    @property
    def address(self) -> str:
        """This computer's address, the same on both sides."""
        return socket.inet_ntoa(_HERE)

    @property
    def board_address(self) -> str:
        """The board's address, the same on both sides."""
        return socket.inet_ntoa(self._host)

    def serves(self, protocol: int, port: int) -> None:
        """A program on the board listens: let programs of this computer reach it at this port of `board_address`.

        protocol: TCP, until the board refuses a connection, or UDP. A port that this computer denies stays closed.
        """
        if protocol == TCP:
            self._tcp.listen(port, lambda: self._board_address)
        else:
            self._udp.listen(port, self._board_address)

    @property
    def servers(self) -> dict[int, int]:
        """TCP ports at which programs on the board listen, and the ports of `board_address` that lead there."""
        return self._tcp.servers

    def close(self) -> None:
        """End every connection."""
        self._tcp.close()
        self._udp.close()

    def receive(self, frame: bytes) -> None:
        """A frame from the board; dropped if it cannot be read."""
        if not self.linked:
            return
        try:
            self._board, kind, payload = split_ethernet(frame)
            if kind == ARP:
                self._take_arp(payload)
            elif kind == IPV4 and (packet := split_ipv4(payload)):
                self._take_packet(packet)
        except struct.error:
            return

    def _send(self, packet: Packet) -> None:
        if self.linked:
            self._send_frame(ethernet(self._board, _MAC, IPV4, ipv4(packet)))

    def _take_arp(self, payload: bytes) -> None:
        """Answer with the gateway's MAC: every address but the board's own is behind the gateway."""
        question = arp_question(payload)
        if question and question[2] not in (question[1], self._board_address):
            mac, address, wanted = question
            self._send_frame(ethernet(mac, _MAC, ARP, arp_answer(_MAC, wanted, mac, address)))

    def _reaches(self, address: bytes) -> bool:
        return address[0] == 127 or self._network

    def _take_packet(self, packet: Packet) -> None:
        if any(packet.source):
            self._board_address = packet.source
        if packet.protocol == TCP:
            self._tcp.receive(packet)
        elif packet.protocol == UDP:
            self._take_datagram(packet)
        elif packet.protocol == ICMP and packet.destination[0] == 127 and (reply := echo_reply(packet.payload)):
            self._send(Packet(ICMP, packet.destination, packet.source, reply))

    def _take_datagram(self, packet: Packet) -> None:
        source_port, port, data = split_udp(packet.payload)
        to = packet.destination
        if port == dhcp.SERVER_PORT:
            if reply := dhcp.answer(data, self._host, _HERE, _MASK):
                self._send(udp(_HERE, dhcp.SERVER_PORT, _EVERYBODY, dhcp.CLIENT_PORT, reply))
            return
        if (to, port) == (_HERE, names.DNS_PORT) or (to, port) == (names.MDNS_GROUP, names.MDNS_PORT):
            final = to == _HERE and not self._resolver
            if reply := names.answer(data, _HERE, final):
                self._send(udp(_HERE, port, packet.source, source_port, reply))
                return
            if to == _HERE and self._resolver:
                to, port = socket.inet_aton(self._resolver[0]), self._resolver[1]
        multicast = to[0] in range(224, 240)
        if self._reaches(to) or multicast or to == _EVERYBODY:
            self._udp.send(packet.source, source_port, to, port, data)
