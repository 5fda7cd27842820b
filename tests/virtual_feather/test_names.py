"""Names that the gateway does not know: with --network it asks the DNS server that this computer asks."""

from __future__ import annotations

import socket
import struct

from waits import LIMIT_S, wait_for

from virtual_feather.network import names
from virtual_feather.network.gateway import Gateway, address_of
from virtual_feather.network.packets import IPV4, UDP, ethernet, ipv4, split_ethernet, split_ipv4, split_udp, udp
from virtual_feather.reactor import Reactor

_MAC = bytes.fromhex("5ccf7f010203")
_HERE = socket.inet_aton("127.0.0.1")
_QUERY = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\6broker\7example\0" + struct.pack("!HH", 1, 1)


def test_a_name_of_the_network_is_asked_and_answered(monkeypatch):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(LIMIT_S)
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr(names, "resolver", server.getsockname)
        frames: list[bytes] = []
        reactor = Reactor()
        gateway = Gateway(reactor, _MAC, frames.append, lambda _: True, network=True)
        gateway.linked = True
        question = udp(address_of(_MAC), 4096, _HERE, names.DNS_PORT, _QUERY)
        gateway.receive(ethernet(bytes(6), _MAC, IPV4, ipv4(question)))
        query, asker = server.recvfrom(512)
        assert query == _QUERY
        server.sendto(query + b"answer", asker)
        wait_for(lambda: reactor.turn() or frames, "the answer")
        gateway.close()
        reactor.close()
    _, _, payload = split_ethernet(frames[0])
    packet = split_ipv4(payload)
    assert packet and packet.protocol == UDP
    assert (packet.source, packet.destination) == (_HERE, address_of(_MAC)), "from whom the board has asked"
    assert split_udp(packet.payload) == (names.DNS_PORT, 4096, _QUERY + b"answer")
