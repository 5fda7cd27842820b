"""Commands over MQTT: their effects and their answers. `set` is in test_set.py."""

from __future__ import annotations

import statistics

from nodes import Node
from waits import wait_for


def test_identify(node):
    """The LED flashes ten times in two seconds, for the seconds asked; readings go on."""
    feather: Node = node()
    feather.reading()
    assert feather.ask("identify", "4") == "ok"
    board, since = feather.board, feather.broker.count
    asked = board.clock
    board.until(lambda: len(_flashes(feather)) >= 15, 4)
    assert 0.08 < statistics.median(seconds for _, seconds in _flashes(feather)) < 0.12
    board.until(lambda: board.status()["led"] == "running", 8)
    assert board.clock - asked > 3.5
    feather.reading(since=since)
    assert feather.ask("identify") == "ok", "for ten seconds"
    for payload in ("0", "601", "-1", "soon", "1.5"):
        answer = feather.ask("identify", payload)
        assert answer == "error: identify takes seconds from 1 to 600, or nothing"


def _flashes(feather: Node) -> list[tuple[str, float]]:
    """The phases at the end of the LED's last minute that are not steady light."""
    lines = feather.board.ctl("led").split("\n")[:-1]
    phases = [(word, float(seconds)) for word, seconds in (line.split() for line in lines)][:-1]
    found = []
    for phase in reversed(phases):
        if phase[1] > 0.25:
            break
        found.append(phase)
    return found


def test_identify_during_a_fault(node):
    """identify comes before the fault's pattern, which is shown again afterwards."""
    feather: Node = node()
    feather.board.ctl("unplug", "tsl2561")
    feather.fault(4)
    feather.board.until(lambda: feather.board.status()["led"] == "fault 4", 20)
    assert feather.ask("identify", "2") == "ok"
    feather.board.until(lambda: len(_flashes(feather)) > 22, 5)  # more than a fault begins with
    feather.board.until(lambda: feather.board.status()["led"] == "fault 4", 25)


def test_read(node):
    feather: Node = node(
        sensors=[{"driver": "tsl2561", "every_s": 3600}, {"driver": "adc", "every_s": 3600, "name": "tank at night"}],
    )
    broker = feather.broker
    lux, volts = "sensors/n1/lux", "sensors/n1/voltage"
    feather.comes("sensors", "voltage")
    for payload, topics in [
        ("", {lux, volts}),
        ("tsl2561", {lux}),
        ("tsl2561 at 0x39", {lux}),
        ("adc", {volts}),
        ("tank at night", {volts}),
    ]:
        since = broker.count
        assert feather.ask("read", payload) == "ok"
        for topic in topics:
            feather.wait(topic, since)
        feather.board.skip(1.5)
        assert {m.topic for m in broker.messages[since:] if m.topic.startswith("sensors/")} == topics, payload
    answer = feather.ask("read", "bme280")
    assert answer == "error: bme280 is not a sensor: there are tsl2561 at 0x39, tank at night"


def test_restart(node):
    feather: Node = node()
    feather.reading()
    since = feather.broker.count
    assert feather.ask("restart") == "ok"
    feather.comes("status", "", since, lambda m: m.payload == "online")
    topics = [m.topic for m in feather.broker.messages[since:]]
    assert topics.index("reply/n1/restart") < topics.index("disconnect/n1")
    assert feather.comes("stats", since=since).json["reset"] == "restart: command"


def test_what_is_no_command_is_answered(node):
    feather: Node = node()
    feather.comes("status")
    known = "awake, identify, read, restart, set"
    assert feather.ask("dance") == f"error: dance is not a command: there are {known}"
    assert feather.ask("read/all") == f"error: read/all is not a command: there are {known}"
    assert feather.ask("set", "x" * 400) == "error: that is too long"
    assert (
        feather.ask("set", '{"sensors.0.name": "%s"}' % ("x" * 140))
        == "error: sensors[0].name must be text without control characters of 1 to 32 bytes or null"
    )
    since = feather.broker.count
    feather.broker.publish("cmd/n1/" + "v" * 300, "")
    feather.broker.publish("cmd/n2/identify", "")
    feather.reading(since=since)
    assert not [m for m in feather.broker.messages[since:] if m.topic.startswith("reply/")]


def test_not_an_old_command_again(node):
    """A retained command is carried out once: when it is sent, not at every connection."""
    feather: Node = node()
    feather.reading()
    since = feather.broker.count
    feather.broker.publish("cmd/n1/restart", "", retain=True)
    feather.comes("disconnect", since=since)
    feather.broker.publish("cmd/n1/identify", "1", retain=True)
    feather.comes("status", "", since, lambda m: m.payload == "online")
    since = feather.broker.count
    resets = feather.board.status()["resets"]
    feather.reading(since)
    feather.reading(feather.broker.count)
    assert feather.board.status()["resets"] == resets
    assert not [m for m in feather.broker.messages[since:] if m.topic.startswith("reply/")]


def test_many_at_once(node):
    """Each is answered, in order, even if there are more than the board's queue holds."""
    feather: Node = node()
    feather.reading()
    since = feather.broker.count
    for i in range(8):
        feather.broker.publish("cmd/n1/identify", str(700 + i))
    wait_for(lambda: len(feather.broker.of("reply/n1/identify", since)) >= 8, "eight answers")
