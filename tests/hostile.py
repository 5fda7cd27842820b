"""What a broken or hostile broker may send."""

from __future__ import annotations

import random

from fake_broker import CONNACK


def hostile(chance: random.Random) -> bytes:
    """Bytes that are a broken packet, a packet cut short, or no packet."""
    good = [
        CONNACK,
        b"\x40\x02\x00\x05",
        b"\x90\x03\x00\x05\x01",
        b"\xd0\x00",
        b"\x30\x0c\x00\x08cmd/n1/xon",
        b"\x32\x0e\x00\x08cmd/n1/x\x00\x07on",
        b"\x34\x0e\x00\x08cmd/n1/x\x00\x07on",
    ]
    kind = chance.randrange(6)
    packet = bytearray(chance.choice(good))
    if kind == 0:  # one byte is changed
        packet[chance.randrange(len(packet))] = chance.randrange(256)
    elif kind == 1:  # any length
        packet[1:2] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 6)))
    elif kind == 2:  # any type
        packet[0] = chance.randrange(256)
    elif kind == 3:  # ends too early
        del packet[chance.randrange(1, len(packet)) :]
    elif kind == 4:  # noise
        packet = bytearray(chance.randrange(256) for _ in range(chance.randrange(1, 400)))
    else:  # a good packet after a part of one
        packet = packet[: chance.randrange(1, len(packet))] + chance.choice(good)
    return bytes(packet)
