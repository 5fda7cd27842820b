"""Headers, made and read: Ethernet II, ARP (RFC 826), IPv4 (791), ICMP (792), UDP (768), TCP (9293).

An address is four bytes, a port a number. Nothing on this link is damaged: checksums are made, but not checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

IPV4, ARP = 0x0800, 0x0806
ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MSS = 1460  # bytes of data in a TCP segment; a frame has one segment at most
MAX_DATAGRAM = 1472  # bytes of data in a UDP datagram; the board takes no fragments

_ETHERNET = struct.Struct("!6s6sH")
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_IP = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_TCP = struct.Struct("!HHIIBBHHH")
_MSS_OPTION = struct.pack("!BBH", 2, 4, MSS)
_ARP_REQUEST, _ARP_REPLY = 1, 2
_TTL = 64
_FRAGMENT = 0x3FFF  # more fragments follow, or an offset


def ethernet(to: bytes, sender: bytes, kind: int, payload: bytes) -> bytes:
    """A frame; to, sender: MACs."""
    return _ETHERNET.pack(to, sender, kind) + payload


def split_ethernet(frame: bytes) -> tuple[bytes, int, bytes]:
    """The sender's MAC, IPV4 or ARP or another kind, and the payload. Raises struct.error if it is too short."""
    _, sender, kind = _ETHERNET.unpack_from(frame)
    return sender, kind, frame[_ETHERNET.size :]


def arp_question(payload: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The sender's MAC and address, and the address asked for; None if it is no request. Raises struct.error."""
    _, _, _, _, operation, mac, address, _, wanted = _ARP.unpack_from(payload)
    return (mac, address, wanted) if operation == _ARP_REQUEST else None


def arp_answer(mac: bytes, address: bytes, asker_mac: bytes, asker: bytes) -> bytes:
    """The payload that says that `address` is at `mac`."""
    return _ARP.pack(1, IPV4, 6, 4, _ARP_REPLY, mac, address, asker_mac, asker)


@dataclass(slots=True)
class Packet:
    """An IPv4 packet."""

    protocol: int
    source: bytes
    destination: bytes
    payload: bytes


def split_ipv4(data: bytes) -> Packet | None:
    """The packet; None for a fragment, which this link does not carry. Raises struct.error if it is too short."""
    head, _, size, _, fragment, _, protocol, _, source, destination = _IP.unpack_from(data)
    if head >> 4 != 4 or fragment & _FRAGMENT:
        return None
    return Packet(protocol, source, destination, data[(head & 15) * 4 : size])


def ipv4(packet: Packet) -> bytes:
    """The packet's bytes."""
    size = _IP.size + len(packet.payload)
    head = _IP.pack(0x45, 0, size, 0, 0x4000, _TTL, packet.protocol, 0, packet.source, packet.destination)
    return head[:10] + checksum(head) + head[12:] + packet.payload


def checksum(data: bytes) -> bytes:
    """RFC 1071: the ones' complement sum is the remainder modulo 0xFFFF. Never 0, which in UDP means no checksum."""
    padded = data if len(data) % 2 == 0 else data + b"\0"
    return (0xFFFF - int.from_bytes(padded, "big") % 0xFFFF).to_bytes(2, "big")


def _transport_checksum(protocol: int, source: bytes, destination: bytes, payload: bytes) -> bytes:
    return checksum(source + destination + struct.pack("!HH", protocol, len(payload)) + payload)


def echo_reply(payload: bytes) -> bytes | None:
    """The answer to a ping; None if the ICMP message is no ping."""
    if payload[:1] != b"\x08":
        return None
    reply = bytes(4) + payload[4:]
    return reply[:2] + checksum(reply) + reply[4:]


def split_udp(payload: bytes) -> tuple[int, int, bytes]:
    """Source port, destination port, data. Raises struct.error if it is too short."""
    source, destination, size, _ = _UDP.unpack_from(payload)
    return source, destination, payload[_UDP.size : size]


def udp(source: bytes, source_port: int, destination: bytes, destination_port: int, data: bytes) -> Packet:
    """A datagram."""
    payload = _UDP.pack(source_port, destination_port, _UDP.size + len(data), 0) + data
    check = _transport_checksum(UDP, source, destination, payload)
    return Packet(UDP, source, destination, payload[:6] + check + payload[8:])


@dataclass(slots=True)
class Segment:
    """A TCP segment; sequence numbers modulo 2**32."""

    source_port: int
    destination_port: int
    sequence: int
    acknowledgement: int
    flags: int
    window: int
    data: bytes = b""


def split_tcp(payload: bytes) -> Segment:
    """The segment, without its options. Raises struct.error if it is too short."""
    source, destination, sequence, acknowledgement, offset, flags, window, _, _ = _TCP.unpack_from(payload)
    return Segment(source, destination, sequence, acknowledgement, flags, window, payload[(offset >> 4) * 4 :])


def tcp(source: bytes, destination: bytes, segment: Segment) -> Packet:
    """The segment as a packet; a SYN carries our MSS."""
    options = _MSS_OPTION if segment.flags & SYN else b""
    head = _TCP.pack(
        segment.source_port,
        segment.destination_port,
        segment.sequence,
        segment.acknowledgement,
        (_TCP.size + len(options)) << 2,
        segment.flags,
        segment.window,
        0,
        0,
    )
    payload = head + options + segment.data
    check = _transport_checksum(TCP, source, destination, payload)
    return Packet(TCP, source, destination, payload[:16] + check + payload[18:])
