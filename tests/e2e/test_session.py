"""The session with a good broker: the bytes on the wire, the speed, and the use of the heap."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from computer import LONG
from nodes import Broker
from probes import Probe
from relay import Relay


@pytest.fixture(params=["frozen asyncio", "small asyncio"])
def small_asyncio(request: pytest.FixtureRequest) -> bool:
    return request.param == "small asyncio"


def test_a_connection_begins_with_the_announcement(broker: Broker, probe, small_asyncio):
    probe(broker.port, small_asyncio=small_asyncio).wait("up 1")
    broker.wait("status/n1")
    assert [(m.topic, m.payload) for m in broker.messages] == [
        ("connect/n1", "5ccf7f0c095b"),
        ("status/n1", "online"),
    ]


def test_stop_says_goodbye(broker: Broker, probe, small_asyncio):
    node = probe(broker.port, small_asyncio=small_asyncio)
    node.wait("up 1")
    since = broker.count
    node.say("stop")
    node.wait("stopped")
    node.wait("run ended")  # the session's run() ends after stop()
    assert broker.wait("disconnect/n1", since=since).payload == "5ccf7f0c095b"
    broker.wait("status/n1", since=since, want=lambda message: message.payload == "offline")


def test_the_last_will_is_published_when_the_connection_breaks(relay: Relay, broker: Broker, probe):
    probe(relay.port).wait("up 1")
    relay.reset()
    broker.wait("status/n1", want=lambda message: message.payload == "offline")


def test_a_reading_is_one_piece_each_way_with_six_bytes_and_four(relay: Relay, broker: Broker, probe):
    node = probe(relay.port)
    node.wait("up 1")
    broker.wait("status/n1")
    sent, received = len(relay.to_server), len(relay.to_client)
    node.say("burst 200")
    node.wait("burst done")
    topic, payload = b"sensors/n1/lux", b"123.45"
    readings = relay.to_server[sent:]
    assert len(readings) == 200
    assert {len(piece) for piece in readings} == {len(topic) + len(payload) + 6}
    assert readings[0][:4] == bytes((0x32, len(topic) + len(payload) + 4, 0, len(topic)))
    assert all(topic in piece and piece.endswith(payload) for piece in readings)
    assert {len(piece) for piece in relay.to_client[received:]} == {4}


def _burst(node: Probe, count: int) -> dict[str, Any]:
    node.say(f"burst {count}")
    node.wait("burst done")
    return node.report()


def test_publications_let_the_others_turn(broker: Broker, probe, small_asyncio):
    """bench/bench.sh session measures the publications a second, and how long the loop is held."""
    node = probe(broker.port, small_asyncio=small_asyncio)
    node.wait("up 1")
    assert _burst(node, 1000)["turns"] >= 1000


def _heap_after(node: Probe, count: int) -> int:
    """The heap in use after a burst: the least of ten looks, as an old word on the stack may hold a dead object."""
    return min(_burst(node, count)["heap"], *(node.report()["heap"] for _ in range(9)))


def test_publications_leave_nothing_in_the_heap(request, broker: Broker, probe):
    node = probe(broker.port)
    node.wait("up 1")
    before = _heap_after(node, 1000)
    count = 100000 if request.config.getoption("--long") else 1000
    grown = _heap_after(node, count) - before
    print(f"heap grown by {grown} bytes over {count} publications")
    assert grown <= 0


@LONG
def test_packet_identifiers_wrap(broker: Broker, probe):
    node = probe(broker.port)
    node.wait("up 1")
    assert _burst(node, 66000)["epoch"] == 1


@pytest.mark.parametrize("size", [10, 190, 2000])
def test_a_long_message_arrives_whole(broker: Broker, probe, size):
    node = probe(broker.port)
    node.wait("up 1")
    node.say(f"long {size}")
    node.wait("long done")
    payload = broker.wait("long/n1").payload
    assert len(payload) == size
    assert payload == "".join(chr(48 + i % 75) for i in range(size))


def test_messages_come_in_but_not_the_retained_and_of_the_too_long_the_topic(broker: Broker, probe):
    broker.publish("cmd/n1/restart", "yesterday", retain=True)
    node = probe(broker.port)
    node.wait("up 1")
    broker.publish("cmd/n1/set", "x" * 1000)
    for i in range(50):  # more than the broker sends without an acknowledgement
        broker.publish("cmd/n1/identify", str(i))
    assert node.wait("message") == "b'cmd/n1/set' None"
    for i in range(50):
        assert node.wait("message") == f"b'cmd/n1/identify' b'{i}'"
    report = node.report()
    assert report["epoch"] == 1
    assert not any("restart" in line for line in node.lines)
    broker.publish("cmd/n1/restart", "", retain=True)


def test_credentials_are_sent(tmp_path, probe):
    passwords = tmp_path / "passwords"
    passwords.write_text("ann:secret\n")
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
    broker = Broker(tmp_path, f"allow_anonymous false\npassword_file {passwords}\n")
    broker.start("ann", "secret")
    try:
        node = probe(broker.port, user="ann", password="wrong")
        assert node.wait("fault").startswith("1: 127.0.0.1")
        probe(broker.port, user="ann", password="secret").wait("up 1")
    finally:
        broker.stop()
