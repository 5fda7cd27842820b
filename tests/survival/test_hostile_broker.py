"""A broker that breaks the rules, on the whole board: the connection may end, but the node never fails."""

from __future__ import annotations

import random
import socket

from fake_broker import Connection, FakeBroker
from hostile import hostile
from nodes import Node
from waits import wait_for

_ENDLESS = b"\x32\xff\xff\xff\x7f\x00\x05cmd/n\x12\x34"  # the beginning of a message of 256 MB


def test_hostile_packets(relay, survivor, request) -> None:
    """One packet in each connection, before, during or after the login."""
    wanted = 10_000 if request.config.getoption("--long") else 100
    chance = random.Random(8266)
    count = 0

    def behave(connection: Connection) -> None:
        nonlocal count
        connection.sock.settimeout(0.05)
        good = chance.randrange(6)
        for number, (first, body) in enumerate(connection.packets()):
            if number == good:
                connection.send(_ENDLESS + bytes(60_000) if count % 100 == 50 else hostile(chance))
                count += 1
            connection.send(connection.answer(first, body))
            if number > good:
                connection.sock.shutdown(socket.SHUT_WR)

    node: Node = survivor(error_reboot_s=None, sensors=[{"driver": "tsl2561", "every_s": 5}], stats_s=10)
    node.reading()
    before = node.comes("stats").json["free"]
    resets = node.board.status()["resets"]
    with FakeBroker(behave) as villain:
        relay.target = villain.port
        relay.cut()
        node.board.ctl("clock", "fast")
        for some in range(100, wanted + 1, 100):
            wait_for(lambda some=some: count >= some, f"{some} packets")
        node.board.ctl("clock", "real")
        relay.target = node.broker.port
        relay.cut()
    since = node.broker.count
    node.board.ctl("clock", 60)
    node.reading(since)
    after = node.comes("stats", since=since).json["free"]
    print(f"{count} packets; free heap {before} before, {after} after")
    assert node.board.status()["resets"] == resets
    # Not a leak: MicroPython's compiler leaves a pointer on the stack, below main.py, to memory that it has freed.
    # Whatever comes to lie there stays in the heap; a function of a module keeps the whole module (wifi.py: 960 bytes).
    assert after >= before - 2048
