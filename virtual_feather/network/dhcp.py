"""The DHCP server (RFC 2131, options RFC 2132), with one address for the one board on its link."""

from __future__ import annotations

import struct

SERVER_PORT, CLIENT_PORT = 67, 68
_DISCOVER, _OFFER, _REQUEST, _ACK, _NAK, _INFORM = 1, 2, 3, 5, 6, 8
_MASK, _ROUTER, _NAMES, _WANTED, _LEASE, _KIND, _SERVER, _END = 1, 3, 6, 50, 51, 53, 54, 255
_COOKIE = b"\x63\x82\x53\x63"
_HEAD = 236  # bytes before the cookie
_LEASE_S = 86_400


def answer(request: bytes, address: bytes, gateway: bytes, mask: bytes) -> bytes | None:
    """The server's answer to a client's message; None: no answer.

    gateway is also the DHCP server and the DNS server.
    """
    if request[:1] != b"\x01" or request[_HEAD : _HEAD + 4] != _COOKIE:
        return None
    options = _options(request[_HEAD + 4 :])
    kind = options.get(_KIND, b"\0")[0]
    asked, current = options.get(_WANTED), request[12:16]
    wanted = asked or (current if any(current) else address)
    if kind == _DISCOVER:
        reply = _OFFER
    elif kind == _REQUEST:
        reply = _ACK if wanted == address else _NAK
    elif kind == _INFORM:
        reply = _ACK
    else:
        return None
    said = [(_KIND, bytes([reply])), (_SERVER, gateway)]
    if reply != _NAK:
        said += [(_MASK, mask), (_ROUTER, gateway), (_NAMES, gateway)]
    if reply != _NAK and kind != _INFORM:
        said.append((_LEASE, struct.pack("!I", _LEASE_S)))
    given = address if reply != _NAK and kind != _INFORM else bytes(4)
    head = b"\x02" + request[1:3] + b"\0" + request[4:8] + bytes(4) + current + given + gateway + bytes(4)
    body = b"".join(bytes([code, len(value)]) + value for code, value in said)
    return head + request[28:44] + bytes(_HEAD - 44) + _COOKIE + body + bytes([_END])


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 1 < len(data) and data[at] != _END:
        if data[at]:
            found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
            at += 1 + data[at + 1]
        at += 1
    return {code: value for code, value in found.items() if value}
