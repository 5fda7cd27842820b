"""The node when its broker or the network fails, one kind of failure a row. Times are by the board's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from nodes import Message, Node
from relay import Relay
from waits import wait_for

_BACK_S = 12.0
_KEEPALIVE_S = 30
_RISE_V = 0.0015  # more than a step of the ADC, between two readings
_STEP_S = 0.25  # of the board's clock, between two looks at the messages


@dataclass(frozen=True)
class Row:
    """How it is broken and mended; within which time it must be noticed; how long it lasts with --long."""

    breaks: Callable[[Relay, Node], None]
    mends: Callable[[Relay, Node], None]
    noticed_s: float | None  # None: only the node can notice
    lasts_s: int = 60


_ADC = {"driver": "adc", "every_s": 1}  # it reads the voltage at once: readings show their order
_LIVE, _LATE = "sensors/n1/voltage", "late/n1/voltage"


def _mode(mode: str) -> Callable[[Relay, Node], None]:
    def act(relay: Relay, _: Node) -> None:
        relay.mode = mode

    return act


def _pass(relay: Relay, _: Node) -> None:
    """Let all through, on new connections: bytes in the old ones are lost with them."""
    relay.cut()
    relay.mode = "pass"


def _kill(relay: Relay, node: Node) -> None:
    relay.refuse()
    node.broker.stop()
    relay.reset()


def _revive(relay: Relay, node: Node) -> None:
    node.broker.start()  # the test subscribes before the node can reconnect
    relay.accept()


def _refuse(relay: Relay, _: Node) -> None:
    relay.refuse()
    relay.reset()


ROWS = {
    "broker killed": Row(_kill, _revive, 1.0),
    "closed by the broker": Row(lambda relay, _: relay.cut(), lambda *_: None, 1.0, 0),
    "reset": Row(lambda relay, _: relay.reset(), lambda *_: None, 1.0, 0),
    "half closed": Row(lambda relay, _: relay.half_close(), lambda *_: None, 1.0, 0),
    "refused": Row(_refuse, lambda relay, _: relay.accept(), 1.0),
    "half open": Row(_mode("drop"), _pass, 1.5 * _KEEPALIVE_S),
    "stalled": Row(_mode("hold"), _pass, 1.5 * _KEEPALIVE_S),
    "Wi-Fi lost": Row(
        lambda _, node: node.board.ctl("wifi", "off"), lambda _, node: node.board.ctl("wifi", "on"), None, 30
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_nothing_is_lost(row: Row, relay: Relay, survivor, request) -> None:
    lasts_s = row.lasts_s if request.config.getoption("--long") else min(row.lasts_s, 20)
    node: Node = survivor(mqtt={"keepalive_s": _KEEPALIVE_S}, sensors=[_ADC], outbox=128)
    first = node.wait(_LIVE)
    began = node.board.clock
    _let(node, 5)
    connections = relay.accepted
    row.breaks(relay, node)
    broken = node.board.clock
    if row.noticed_s is not None:
        _until(node, lambda: not relay.connections or relay.accepted > connections, row.noticed_s)
    noticed_s = node.board.clock - broken
    _let(node, lasts_s - noticed_s)
    since = node.broker.count
    row.mends(relay, node)
    mended = node.board.clock
    _until(node, lambda: node.broker.of("connect/n1", since), _BACK_S)
    back_s = node.board.clock - mended
    _let(node, 3)
    last = node.wait(_LIVE, since=node.broker.count)
    readings, late = _in_order(node, first, last)
    print(f"noticed within {noticed_s:.2f} s, back after {back_s:.2f} s; {late} of {len(readings)} readings late")
    assert len(readings) == round(node.board.clock - began) + 1, "one a second"
    assert late >= lasts_s - 1


def _first(node: Node) -> None:
    """Wait for the first reading; it may have been taken before the node was connected."""
    wait_for(lambda: node.broker.of(_LIVE) or node.broker.of(_LATE), "a reading")


def _let(node: Node, seconds: float, step_s: float = 1.0) -> None:
    """Let time pass; the voltage rises, so that readings show their order."""
    end = node.board.clock + seconds
    while node.board.clock < end:
        node.board.ctl("adc", node.board.status()["adc"] + _RISE_V)
        node.board.skip(min(step_s, max(0.0, end - node.board.clock)))


def _until(node: Node, happened: Callable[[], object], within_s: float) -> None:
    """Let time pass until happened() is true. Fails the test after `within_s`."""
    end = node.board.clock + within_s
    while not happened():
        assert node.board.clock <= end, f"not within {within_s} s of the board's clock"
        node.board.skip(_STEP_S)


def _in_order(node: Node, first: Message, last: Message) -> tuple[list[float], int]:
    """The readings from the first to the last; how many of them were late. Fails the test when the order is wrong."""
    messages = node.broker.messages[node.broker.messages.index(first) : node.broker.messages.index(last) + 1]
    readings = [m.json["v"] if m.topic == _LATE else m.number for m in messages if m.topic in (_LIVE, _LATE)]
    assert readings == sorted(readings)
    return readings, sum(m.topic == _LATE for m in messages)


def test_an_outage_longer_than_the_outbox(relay: Relay, survivor) -> None:
    """The outbox holds 8 readings: the newest ones; the count of dropped readings is exact."""
    node: Node = survivor(sensors=[_ADC | {"every_s": 10}], outbox=8, stats_s=10)
    _first(node)
    began = node.board.clock
    node.board.skip(5)  # between two readings, as are all times below
    _refuse(relay, node)
    _let(node, 400, 5)
    since = node.broker.count
    relay.accept()
    _until(node, lambda: len(node.broker.of(_LATE, since)) >= 8, _BACK_S)
    back = node.board.clock
    node.board.skip(15)  # the next statistics
    late = [message.json["age_s"] for message in node.broker.of(_LATE, since)]
    dropped = node.broker.of("stats/n1")[-1].json["dropped"]
    between = round((back - late[0] - began) / 10) - 1  # the reading that came last and the oldest one kept
    print(f"{back - began - 5:.0f} s without a broker: {len(late)} readings late, {between} dropped, said: {dropped}")
    assert len(late) == 8
    assert all(round((older - newer) / 10) == 1 for older, newer in pairwise(late))
    assert between >= 32
    assert dropped == between


def test_half_open_and_nothing_to_publish(relay: Relay, survivor) -> None:
    """Only pings can detect it."""
    node: Node = survivor(mqtt={"keepalive_s": _KEEPALIVE_S}, sensors=[_ADC | {"every_s": 3600}])
    node.comes("stats")
    node.board.skip(100)  # pings that are answered
    assert relay.accepted == 1
    relay.mode = "drop"
    began = node.board.clock
    _until(node, lambda: not relay.connections, 1.5 * _KEEPALIVE_S)
    print(f"noticed within {node.board.clock - began:.2f} s of {1.5 * _KEEPALIVE_S}")


def test_readings_outlive_a_reset(relay: Relay, survivor) -> None:
    """The newest 52 stay in RTC memory, with their age, which is up to 10 s short: the time since the last copy."""
    node: Node = survivor(sensors=[_ADC | {"every_s": 10}])
    _first(node)
    node.board.skip(5)
    _refuse(relay, node)
    _let(node, 600, 5)
    volts, before = node.board.status()["adc"], node.board.clock
    node.board.ctl("reset")
    node.board.skip(2)
    since = node.broker.count
    mended = node.board.clock
    relay.accept()
    _until(node, lambda: node.broker.of("stats/n1", since), _BACK_S)
    _until(node, lambda: len(node.broker.of(_LATE, since)) >= 52, 5)
    kept = [message.json for message in node.broker.of(_LATE, since)][:52]
    ages, values = ([reading[name] for reading in kept] for name in ("age_s", "v"))
    assert values == sorted(values) and values[0] > 0
    assert all(round((older - newer) / 10) == 1 for older, newer in pairwise(ages))
    # The voltage shows when the newest reading was taken, within a step of 5 s; it was published after the repair.
    taken = 5 * round((volts - values[-1]) / _RISE_V)
    youngest, oldest = (moment - before + taken for moment in (mended, node.board.clock + 5))
    print(f"52 readings outlived a reset: {ages[-1]} s old is the newest, {youngest:.0f} to {oldest:.0f} s in truth")
    assert youngest - 11 <= ages[-1] <= oldest + 1, "in whole seconds"


def test_readings_outlive_a_restart(relay: Relay, survivor) -> None:
    """A fault that lasts restarts the node, here twice: more readings wait than RTC memory has room for."""
    node: Node = survivor(sensors=[_ADC | {"every_s": 10}], outbox=256, error_reboot_s=600, stats_s=10)
    _first(node)
    node.board.skip(5)
    resets = node.board.status()["resets"]
    _refuse(relay, node)
    _let(node, 1500, 5)
    since = node.broker.count
    relay.accept()
    _until(node, lambda: node.broker.of("stats/n1", since), _BACK_S)
    node.board.skip(15)  # the next statistics
    late = [message.json["age_s"] for message in node.broker.of(_LATE, since)]
    gaps = [older - newer for older, newer in pairwise(late)]
    print(f"{len(late)} readings outlived two restarts, the oldest {late[0]} s old, at most {max(gaps)} s apart")
    assert node.board.status()["resets"] == resets + 2
    assert len(late) > 140 and min(gaps) >= 0 and max(gaps) <= 20 and late[0] > 1450
    assert node.broker.of("stats/n1")[-1].json["dropped"] == 0
