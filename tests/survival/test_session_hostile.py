"""The session with a broker that breaks the rules: the connection may end, but the node never fails."""

from __future__ import annotations

import random
import socket
import time
from contextlib import ExitStack

import pytest
from fake_broker import CONNACK, Connection, FakeBroker
from hostile import hostile
from probes import Probe

_WORDS = {1: "version", 2: "identifier", 3: "unavailable", 4: "password", 5: "authorized", 77: "code 77"}


@pytest.mark.parametrize("code", _WORDS)
def test_a_refusal_is_fault_1_in_words(probe, code):
    def behave(connection: Connection) -> None:
        connection.packet()
        connection.send(b"\x20\x02\x00" + bytes([code]))
        connection.packet()

    with FakeBroker(behave) as broker:
        fault = probe(broker.port).wait("fault")
    assert fault.startswith("1: 127.0.0.1")
    assert _WORDS[code] in fault


def test_an_announcement_without_answer_is_fault_5(probe):
    def behave(connection: Connection) -> None:
        connection.packet()
        connection.send(CONNACK)
        for _ in connection.packets():
            pass

    with FakeBroker(behave) as broker:
        fault = probe(broker.port).wait("fault")
    assert fault.startswith("5: 127.0.0.1")


def test_an_acknowledgement_of_something_else_does_not_count(probe):
    def behave(connection: Connection) -> None:
        connection.greet()
        for first, body in connection.packets():
            answer = bytearray(connection.answer(first, body))
            if answer[0] == 0x40:
                answer[3] ^= 0x80
            connection.send(answer)

    with FakeBroker(behave) as broker:
        node: Probe = probe(broker.port)
        node.wait("up 1")
        node.say("every 100")
        node.wait("down after 1")
        assert node.wait("fault").startswith("5: ")
        assert node.report()["waiting"] > 0


def test_answers_that_nobody_waits_for_do_no_harm(probe):
    """Each answer twice, an old one, an answer to no question; all in one piece, or byte by byte."""
    odd = b"\x40\x02\x00\x01" + b"\xd0\x00" + b"\x90\x03\x00\x01\x01" + CONNACK
    count = 0

    def behave(connection: Connection) -> None:
        nonlocal count
        connection.greet()
        for first, body in connection.packets():
            count += 1
            answer = odd + connection.answer(first, body) * 2
            if count % 2:
                connection.send(answer)
            else:
                for byte in answer:
                    connection.send(bytes([byte]))

    with FakeBroker(behave) as broker:
        node: Probe = probe(broker.port)
        node.wait("up 1")
        node.say("burst 200")
        node.wait("burst done")
        report = node.report()
    assert report["epoch"] == 1
    assert count >= 200


def test_a_refused_subscription_does_not_keep_the_node_from_publishing(probe):
    def behave(connection: Connection) -> None:
        for first, body in connection.packets():
            answer = connection.answer(first, body)
            connection.send(answer[:-1] + b"\x80" if answer[:1] == b"\x90" else answer)

    with FakeBroker(behave) as broker:
        node: Probe = probe(broker.port)
        assert "cmd/n1/#" in node.wait("mqtt: ")
        node.wait("up 1")
        node.say("burst 5")
        node.wait("burst done")


def test_a_message_without_end_is_cut_off_by_the_next_ping(probe):
    """256 MB, as fast as the node takes them; a ping stays unanswered, as its answer comes after the message."""
    sent = 0

    def behave(connection: Connection) -> None:
        nonlocal sent
        connection.greet()
        connection.send(b"\x32\xff\xff\xff\x7f\x00\x05cmd/n\x12\x34")
        piece = b"\x40\x02\x00\x01" * 4096
        while True:
            connection.send(piece)
            sent += len(piece)

    with FakeBroker(behave) as broker:
        node: Probe = probe(broker.port)
        node.wait("up 1")
        heap = node.report()["heap"]
        node.wait("down after 1")
        print(f"lost after {sent >> 20} MB")
        node.wait("up 2")
        assert abs(node.report()["heap"] - heap) < 2048  # the modules that connect are dropped again


class _Villain:
    """A broker that sends a hostile packet in each connection, before, during or after the login, until it is good."""

    def __init__(self, seed: int) -> None:
        self.count = 0
        self.well = False
        self._chance = random.Random(seed)

    def behave(self, connection: Connection) -> None:
        if self.well:
            for first, body in connection.packets():
                connection.send(connection.answer(first, body))
        connection.sock.settimeout(0.02)
        good = self._chance.randrange(6)
        for number, (first, body) in enumerate(connection.packets()):
            if number == good:
                connection.send(hostile(self._chance))
                self.count += 1
            connection.send(connection.answer(first, body))
            if number > good:
                connection.sock.shutdown(socket.SHUT_WR)


def test_hostile_packets(request, probe):
    """The node reconnects each time. Four pairs of node and broker at once, since a pair mostly waits."""
    wanted = (10000 if request.config.getoption("--long") else 100) // 4
    villains = [_Villain(seed) for seed in range(4)]
    heap = 0
    with ExitStack() as brokers:
        ports = [brokers.enter_context(FakeBroker(villain.behave)).port for villain in villains]
        nodes: list[Probe] = [probe(port, pauses=False) for port in ports]
        for node in nodes:
            node.say("every 20")
        while min(villain.count for villain in villains) < wanted:
            heap = max(heap, *(node.report()["heap"] for node in nodes))
            time.sleep(0.1)
        for node, villain in zip(nodes, villains, strict=True):
            villain.well = True
            node.say("every 0")
            report = node.wait_until(lambda report: report["up"] and report["waiting"] == 0)
            print(f"{villain.count} packets, {report['epoch']} times up, heap at most {heap}, now {report['heap']}")
    assert heap < 90000
