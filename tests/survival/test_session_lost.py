"""The session alone when the network or the broker fails, one kind of failure a row: nothing holds up the loop.

test_outages.py checks on the whole board that no reading is lost, and how soon a loss is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from probes import Probe
from relay import Relay


def _mode(mode: str) -> Callable[[Relay, Probe], None]:
    def act(relay: Relay, _: Probe) -> None:
        relay.mode = mode

    return act


def _mend(relay: Relay, _: Probe) -> None:
    """Let all through, on new connections: bytes in the old ones are lost with them."""
    relay.cut()
    relay.mode = "pass"


def _refuse(relay: Relay, _: Probe) -> None:
    relay.refuse()
    relay.reset()


@dataclass(frozen=True)
class Row:
    """A loss of the connection: how it is broken and mended; whether there is silence before it is noticed."""

    breaks: Callable[[Relay, Probe], None]
    mends: Callable[[Relay, Probe], None] = lambda *_: None
    silent: bool = False


ROWS = {
    "closed by the broker": Row(lambda relay, _: relay.cut()),
    "reset": Row(lambda relay, _: relay.reset()),
    "half closed": Row(lambda relay, _: relay.half_close()),
    "broker gone": Row(_refuse, lambda relay, _: relay.accept()),
    "broker silent": Row(_mode("drop"), _mend, silent=True),
    "broker stalled": Row(_mode("hold"), _mend, silent=True),
    "one byte a second": Row(_mode("trickle"), _mend, silent=True),
    "Wi-Fi lost": Row(lambda _, node: node.say("joined 0"), lambda _, node: node.say("joined 1")),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_lost_connection_holds_nothing_up(row: Row, relay: Relay, broker, probe):
    node: Probe = probe(relay.port, outbox=512)
    node.wait("up 1")
    node.say("every 100")
    broker.wait("sensors/n1/lux")
    node.report()
    row.breaks(relay, node)
    if row.silent:
        waiting = node.wait_until(lambda report: report["waiting"] >= 5)
        assert waiting["up"], "the loop turns while a call might wait for the broker"
    node.wait("down after 1")
    row.mends(relay, node)
    node.wait("up 2")
    node.say("every 0")
    report = node.wait_until(lambda report: report["waiting"] == 0)
    assert report["dropped"] == 0
    late = [message.json["v"] for message in broker.of("late/n1/lux")]
    live = [message.number for message in broker.of("sensors/n1/lux")]
    assert sorted(set(live + late)) == list(range(report["put"]))


def test_a_broker_that_never_answers(relay: Relay, probe):
    relay.mode = "drop"
    node: Probe = probe(relay.port)
    assert node.wait("fault").startswith("2: 127.0.0.1")
    node.wait_until(lambda _: relay.accepted >= 2)
    relay.mode = "pass"
    node.wait("up 1")
    node.wait_until(lambda _: "no fault" in node.lines)


def test_a_slow_network_is_no_lost_one(relay: Relay, probe):
    relay.delay_s = 0.3
    node: Probe = probe(relay.port)
    node.wait("up 1")
    node.say("burst 5")
    node.wait("burst done")
    report = node.report()
    assert report["epoch"] == 1
    assert report["turns"] > 5 * 5, "the loop turns while an answer is on its way"
