"""DNS answers of the gateway for this computer's own names (RFC 1035; *.local RFC 6762)."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

DNS_PORT, MDNS_PORT = 53, 5353
MDNS_GROUP = socket.inet_aton("224.0.0.251")
_HEAD = struct.Struct("!HHHHHH")
_RESPONSE, _AUTHORITATIVE, _RECURSION, _AVAILABLE, _UNKNOWN = 0x8000, 0x0400, 0x0100, 0x0080, 3
_A, _INTERNET = 1, 1
_TTL_S = 120


def answer(query: bytes, here: bytes, final: bool) -> bytes | None:
    """The answer to one question: `here`, an address, for each name of this computer.

    For another name: that it does not exist if `final`, otherwise None. None if it is no query. Raises struct.error.
    """
    identifier, flags, questions, *_ = _HEAD.unpack_from(query)
    if flags & _RESPONSE or questions != 1:
        return None
    name, end = _name(query)
    kind, _ = struct.unpack_from("!HH", query, end)
    known = name in _own_names()
    if not known and not final:
        return None
    records = b""
    if known and kind == _A:
        records = struct.pack("!HHHIH", 0xC000 | _HEAD.size, _A, _INTERNET, _TTL_S, len(here)) + here
    said = _RESPONSE | _AUTHORITATIVE | _AVAILABLE | flags & _RECURSION | (0 if known else _UNKNOWN)
    return _HEAD.pack(identifier, said, 1, bool(records), 0, 0) + query[_HEAD.size : end + 4] + records


def _name(query: bytes) -> tuple[str, int]:
    """The name of the first question, in lower case, and where it ends. Raises struct.error."""
    labels = []
    at = _HEAD.size
    while size := struct.unpack_from("!B", query, at)[0]:
        labels.append(query[at + 1 : at + 1 + size].decode("latin-1").lower())
        at += 1 + size
    return ".".join(labels), at + 1


def _own_names() -> tuple[str, ...]:
    name = socket.gethostname().lower()
    return "localhost", name, f"{name.partition('.')[0]}.local"


def resolver() -> tuple[str, int] | None:
    """Address and port of the DNS server that this computer asks; None: it has none."""
    for line in Path("/etc/resolv.conf").read_text().splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and words[1:] and ":" not in words[1]:
            return words[1], DNS_PORT
    return None
