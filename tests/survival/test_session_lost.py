"""The session when the network or the broker fails: one way to fail a row. No reading may be lost, nothing may be held.

KEEPALIVE_S is 5, so that a silence is noticed within 7.5 s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from nodes import Broker
from probes import KEEPALIVE_S, Probe
from relay import Relay

_HOLD_US = 5000
_BACK_S = 12.0
_EVERY_MS = 100


def _mode(mode: str) -> Callable[[Relay, Probe], None]:
    def act(relay: Relay, _: Probe) -> None:
        relay.mode = mode

    return act


def _mend(relay: Relay, _: Probe) -> None:
    """Let all through, on new connections: what the old ones still hold is lost with them."""
    relay.cut()
    relay.mode = "pass"


def _refuse(relay: Relay, _: Probe) -> None:
    relay.refuse()
    relay.reset()


@dataclass(frozen=True)
class Row:
    """A way to lose the connection: what breaks it and what mends it, and after how long it must be noticed."""

    breaks: Callable[[Relay, Probe], None]
    mends: Callable[[Relay, Probe], None]
    noticed_s: float
    lasts_s: float = 5.0


ROWS = {
    "closed by the broker": Row(lambda relay, _: relay.cut(), lambda *_: None, 0.5, 0),
    "reset": Row(lambda relay, _: relay.reset(), lambda *_: None, 0.5, 0),
    "half closed": Row(lambda relay, _: relay.half_close(), lambda *_: None, 0.5, 0),
    "broker gone": Row(_refuse, lambda relay, _: relay.accept(), 0.5),
    "broker silent": Row(_mode("drop"), _mend, 6.5),
    "broker stalled": Row(_mode("hold"), _mend, 6.5),
    "one byte a second": Row(_mode("trickle"), _mend, 12.0),  # the answer under way still comes in time
    "Wi-Fi lost": Row(lambda _, node: node.say("joined 0"), lambda _, node: node.say("joined 1"), 1.5, 3),
}


@pytest.mark.alone
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_lost_connection_is_noticed_and_nothing_is_lost(row, relay, broker, probe, jitter):
    node: Probe = probe(relay.port, outbox=512)
    node.wait("up 1")
    node.say(f"every {_EVERY_MS}")
    broker.wait("sensors/n1/lux")
    node.report()
    jitter.restart()
    began = time.monotonic()
    row.breaks(relay, node)
    node.wait("down after 1", row.noticed_s + 1)
    noticed = time.monotonic() - began
    held = node.report()["held_us"]
    time.sleep(max(0.0, row.lasts_s - noticed))
    since = broker.count
    row.mends(relay, node)
    mended = time.monotonic()
    node.wait("up 2", _BACK_S)
    first = broker.wait("late/n1/lux", since=since)
    back = first.at - mended
    node.say("every 0")
    report = node.wait_until(lambda report: report["waiting"] == 0, 20)
    held = max(held, report["held_us"])
    said = jitter.check(held, _HOLD_US)
    print(f"noticed after {noticed:.2f} s, first publication {back:.2f} s after it was mended, {said}")
    _all_arrived(broker, report["put"])
    assert report["dropped"] == 0
    assert noticed <= row.noticed_s
    assert back <= _BACK_S


def _all_arrived(broker: Broker, count: int) -> None:
    """Each reading once at least: live in order, late ones in order, with the time at which they were taken."""
    live = [message.number for message in broker.of("sensors/n1/lux")]
    late = [message.json for message in broker.of("late/n1/lux")]
    numbers = [reading["v"] for reading in late]
    assert sorted(set(live + numbers)) == list(range(count))
    assert live == sorted(live)
    assert numbers == sorted(numbers)
    now = time.time()
    assert all(now - 60 < reading["ts"] <= now + 1 for reading in late)


@pytest.mark.alone
def test_a_half_open_connection_is_noticed_while_nothing_is_published(relay: Relay, probe, jitter):
    node: Probe = probe(relay.port)
    node.wait("up 1")
    time.sleep(4.0)  # long enough for a ping to have gone well
    began = time.monotonic()
    relay.mode = "drop"
    node.wait("down after 1", 1.5 * KEEPALIVE_S)
    noticed = time.monotonic() - began
    assert node.wait("fault").startswith("2 ")
    said = jitter.check(node.report()["held_us"], _HOLD_US)
    print(f"noticed after {noticed:.2f} s of {1.5 * KEEPALIVE_S}, {said}")


def test_pings_keep_an_idle_connection(relay: Relay, probe):
    node: Probe = probe(relay.port)
    node.wait("up 1")
    relay.to_server.clear()
    time.sleep(3 * KEEPALIVE_S)
    assert node.report()["epoch"] == 1
    assert relay.to_server.count(b"\xc0\x00") >= 3


@pytest.mark.alone
def test_a_broker_that_never_answers(relay: Relay, probe, jitter):
    relay.mode = "drop"
    node: Probe = probe(relay.port)
    assert node.wait("fault", 7).startswith("2 127.0.0.1")
    report = node.wait_until(lambda _: relay.accepted >= 2, 10)
    print(jitter.check(report["held_us"], _HOLD_US))
    relay.mode = "pass"
    node.wait("up 1", 5 + _BACK_S)
    assert node.wait("fault") == "0"


@pytest.mark.alone
def test_an_absent_broker_is_tried_again_with_longer_pauses(relay: Relay, probe):
    relay.refuse()
    node: Probe = probe(relay.port)
    assert node.wait("fault", 2).startswith("2 ")
    relay.accept()
    node.wait("up 1", 3)


@pytest.mark.alone
def test_the_next_server_of_the_list_is_tried_at_once(broker: Broker, probe):
    node: Probe = probe(broker.port, server=["127.0.0.3", "127.0.0.1"])
    node.wait("up 1", 1)


@pytest.mark.alone
def test_a_slow_network_is_no_lost_one(relay: Relay, probe, jitter):
    relay.delay_s = 0.3
    node: Probe = probe(relay.port)
    node.wait("up 1", 10)
    node.say("burst 5")
    node.wait("burst done", 10)
    report = node.report()
    assert report["epoch"] == 1
    print(jitter.check(report["burst_held_us"], _HOLD_US))


def test_the_outage_of_a_broker(request, broker: Broker, probe):
    lasts_s = 60 if request.config.getoption("--long") else 6
    node: Probe = probe(broker.port, outbox=128)
    node.wait("up 1")
    node.say("every 1000")
    broker.wait("sensors/n1/lux")
    broker.stop()
    node.wait("down after 1", 1)
    time.sleep(lasts_s)
    since = broker.count
    broker.start()
    back = time.monotonic()
    first = broker.wait("late/n1/lux", _BACK_S, since)
    print(f"first publication {first.at - back:.2f} s after the broker was back, after an outage of {lasts_s} s")
    node.say("every 0")
    report = node.wait_until(lambda report: report["waiting"] == 0, 10)
    _all_arrived(broker, report["put"])


def test_an_outage_longer_than_the_outbox_drops_the_oldest_and_counts(relay: Relay, broker: Broker, probe):
    node: Probe = probe(relay.port, outbox=8)
    node.wait("up 1")
    _refuse(relay, node)
    node.wait("down after 1", 1)
    node.say("every 50")
    node.wait_until(lambda report: report["put"] >= 30, 10)
    node.say("every 0")
    time.sleep(0.2)
    relay.accept()
    report = node.wait_until(lambda report: report["up"] and report["waiting"] == 0, 2 * _BACK_S)
    late = [message.json["v"] for message in broker.of("late/n1/lux")]
    assert late == list(range(report["put"] - 8, report["put"]))
    assert report["dropped"] == report["put"] - 8


@pytest.mark.alone
def test_stop_takes_a_second_at_most_when_the_broker_is_silent(relay: Relay, probe):
    node: Probe = probe(relay.port)
    node.wait("up 1")
    relay.mode = "drop"
    node.say("stop")
    assert int(node.wait("stopped")) <= 1000
    node.wait("run ended", 7)


@pytest.mark.alone
def test_ticks_may_wrap_in_the_middle_of_each_wait(relay: Relay, broker: Broker, probe):
    """Many nodes at once, each with a counter that wraps at another moment: connecting, publishing, pinging, losing."""
    nodes = [
        probe(relay.port, small_asyncio=True, id=f"w{ms}", wrap_ms=ms)
        for ms in (20, 200, 1000, 3000, 5000, 7000, 9000, 11000, 14000)
    ]
    for node in nodes:
        node.wait("up 1", 5)
        node.say("burst 3")
    for node in nodes:
        node.wait("burst done")
    time.sleep(5)
    relay.mode = "drop"
    began = time.monotonic()
    for node in nodes:
        node.wait("down after 1", 1.5 * KEEPALIVE_S)
        assert time.monotonic() - began <= 1.5 * KEEPALIVE_S
    _mend(relay, nodes[0])
    for node in nodes:
        node.wait("up 2", 5 + _BACK_S)
