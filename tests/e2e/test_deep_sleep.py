"""Deep sleep for batteries: wake, read, send, sleep, with GPIO16 wired to RST."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from nodes import Broker, Node
from waits import wait_for

_EVERY_S = 10  # the shortest sleep allowed
_AWAKE_S = 25.0  # of the board's clock, at most
_SENSORS = [{"driver": "tsl2561"}]


@pytest.fixture
def sleeper(node):
    """start(**config): a node that sleeps for ten seconds at a time."""

    def start(*options: str, batch: int = 1, **config) -> Node:
        return node(*options, sensors=config.pop("sensors", _SENSORS), sleep=_sleep(batch), **config)

    return start


def _sleep(batch: int) -> dict[str, int]:
    return {"every_s": _EVERY_S, "batch": batch}


def _wire(feather: Node) -> None:
    feather.board.ctl("wire", "gpio16", "on")


def _is_asleep(feather: Node) -> bool:
    status = feather.board.status()
    return status["power"] and not status["running"]


def _falls_asleep(feather: Node) -> None:
    feather.board.until(lambda: _is_asleep(feather), _AWAKE_S)


def _readings(broker: Broker, since: int) -> list[tuple[str, str]]:
    return [
        (message.topic, message.payload)
        for message in broker.messages[since:]
        if message.topic.startswith(("sensors/", "late/"))
    ]


def test_a_reading_at_each_wake(sleeper):
    feather = sleeper()
    _wire(feather)
    broker = feather.broker
    times = []
    since = 0
    for _ in range(3):
        message = feather.comes("sensors", "lux", since)
        assert abs(message.number - 250) <= 5
        times.append(feather.board.clock)
        since = broker.messages.index(message) + 1
        _falls_asleep(feather)
    apart = [b - a for a, b in pairwise(times)]
    print(f"deep sleep: readings {', '.join(f'{s:.1f}' for s in apart)} s apart")
    assert all(_EVERY_S < s < _EVERY_S + 8 for s in apart)
    assert broker.of(feather.topic("status"))[-1].payload == "online", "it is well: it sleeps"
    assert not broker.of(feather.topic("disconnect"))
    stats = [message.json for message in broker.of(feather.topic("stats"))]
    assert stats[-1]["reset"] == "deep sleep"
    wait_for(lambda: feather.board.status()["led"] == "off", "the LED is dark while it sleeps")


def test_a_batch_with_its_times(sleeper):
    """After the start, two wakes send nothing, the third sends all: the older readings with their age, and its own."""
    feather = sleeper(batch=3)
    _wire(feather)
    broker = feather.broker
    feather.comes("sensors", "lux")
    _falls_asleep(feather)
    since = broker.count
    feather.comes("sensors", "lux", since, within_s=3 * (_EVERY_S + _AWAKE_S))
    _falls_asleep(feather)
    ages = [message.json["age_s"] for message in broker.of(feather.topic("late", "lux"))]
    assert [topic for topic, _ in _readings(broker, since)] == ["late/n1/lux", "late/n1/lux", "sensors/n1/lux"]
    print(f"deep sleep: a batch of readings {ages[0]} and {ages[1]} s old")
    assert 2 * _EVERY_S <= ages[0] <= 2 * _EVERY_S + 10 and _EVERY_S <= ages[1] <= _EVERY_S + 6
    assert len(broker.of(feather.topic("connect"), since)) == 1, "nothing is sent at the other wakes"


def test_a_batch_is_sent_before_it_is_too_much(sleeper):
    """RTC memory keeps 52 readings: with six quantities, those of eight wakes, whatever `batch` asks for."""
    sensors = [{"driver": "bme280"}, {"driver": "sht31", "topic": "sht"}, {"driver": "adc"}]
    feather = sleeper("--chips", "bme280,sht31", batch=50, sensors=sensors)
    _wire(feather)
    broker = feather.broker
    feather.comes("sensors", "voltage")
    _falls_asleep(feather)
    since = broker.count
    feather.comes("sensors", "voltage", since, within_s=8 * (_EVERY_S + _AWAKE_S))
    assert feather.comes("stats", since=since).json["dropped"] == 0
    late = [topic for topic, _ in _readings(broker, since) if topic.startswith("late/")]
    print(f"deep sleep: a batch of {len(late)} readings and 6 of now")
    assert len(late) == 42


def test_the_broker_is_away_for_some_wakes(sleeper):
    feather = sleeper()
    _wire(feather)
    broker = feather.broker
    feather.comes("sensors", "lux")
    _falls_asleep(feather)
    broker.stop()
    resets = feather.board.status()["resets"]
    # Two wakes without a broker, and a third.
    feather.board.until(lambda: feather.board.status()["resets"] >= resets + 3, 3 * (_EVERY_S + 2 * _AWAKE_S))
    since = broker.count
    broker.start()
    feather.comes("sensors", "lux", since, within_s=2 * (_EVERY_S + _AWAKE_S))
    _falls_asleep(feather)
    late = [message.json["age_s"] for message in broker.of(feather.topic("late", "lux"), since)]
    print(f"deep sleep: after {len(late)} wakes without a broker, readings {late} s old")
    assert len(late) >= 2 and late == sorted(late, reverse=True) and late[-1] >= _EVERY_S


def test_a_retained_command_keeps_it_awake(sleeper):
    feather = sleeper()
    _wire(feather)
    broker = feather.broker
    feather.comes("sensors", "lux")
    _falls_asleep(feather)
    broker.publish(feather.topic("cmd", "awake"), "1", retain=True)
    since = broker.count
    assert feather.comes("reply", "awake", since).payload == "ok"
    resets = feather.board.status()["resets"]
    for _ in range(2):
        feather.comes("sensors", "lux", broker.count)
    assert feather.board.status()["resets"] == resets, "it reads, awake"
    assert feather.ask("identify", "1") == "ok"
    assert feather.ask("read") == "ok"
    since = broker.count
    feather.comes("sensors", "lux", since)

    broker.publish(feather.topic("cmd", "awake"), "", retain=True)
    _falls_asleep(feather)
    feather.comes("sensors", "lux", broker.count)
    _falls_asleep(feather)  # at the next wake, too


def test_runapp_holds_it(sleeper):
    """At the start of a wake, and in the middle of one."""
    feather = sleeper()
    _wire(feather)
    feather.comes("sensors", "lux")
    _falls_asleep(feather)
    feather.board.ctl("runapp", "hold")
    with feather.board.console() as console:
        feather.board.skip(_EVERY_S)
        console.read_until(b"RunApp is held")
        console.prompt()
        assert console.type("1 + 1") == "2\n"
        feather.board.ctl("runapp", "release")
        since = feather.broker.count
        console.send(b"\x04")
        feather.comes("sensors", "lux", since)
    _falls_asleep(feather)


def test_a_sensor_that_is_gone(sleeper):
    """The fault is published, and does not keep the node awake; its end is published too."""
    feather = sleeper()
    feather.board.ctl("unplug", "tsl2561")
    _wire(feather)
    feather.board.until(lambda: _is_asleep(feather), 2 * _AWAKE_S)
    since = feather.broker.count
    assert feather.comes("fault", since=since).json["detail"] == "tsl2561 at 0x39: no answer"
    _falls_asleep(feather)
    since = feather.broker.count
    feather.board.ctl("plug", "tsl2561")
    assert feather.comes("fault", since=since).json == {"code": 0}
    feather.comes("sensors", "lux", since)


def test_how_long_it_is_awake(sleeper):
    """For docs/battery.md, at the chip's pace: from reset to deepsleep(), for wakes that send and wakes that do not."""
    feather = sleeper("--chip-speed", batch=2)
    _wire(feather)
    feather.comes("sensors", "lux", within_s=2 * (_EVERY_S + _AWAKE_S))
    _falls_asleep(feather)
    times = [_awake_s(feather) for _ in range(4)]
    short, long = sorted(times)[:2], sorted(times)[2:]
    print(f"deep sleep: awake for {max(short):.1f} s to read, for {max(long):.1f} s to read and send")
    page = (Path(__file__).resolve().parents[2] / "docs" / "battery.md").read_text(encoding="utf-8")
    for seconds, words in ((min(short), "reads"), (min(long), "sends")):
        (stated,) = re.findall(rf"A wake that {words}[^|]*\| ([0-9.]+) s", page)
        assert float(stated) / 2 < seconds < 2 * float(stated), f"{words}: {seconds:.1f} s, {stated} s in the page"


def _awake_s(feather: Node) -> float:
    """Wait for the next wake; how many seconds of the board's clock it lasts."""
    board = feather.board
    board.until(lambda: not _is_asleep(feather), _EVERY_S + 5, 0.05)
    began = board.clock
    board.until(lambda: _is_asleep(feather), _AWAKE_S, 0.05)
    return board.clock - began


def test_without_the_wire_it_stays_asleep(sleeper):
    """As on the chip; docs/battery.md says so."""
    feather = sleeper()
    feather.comes("sensors", "lux")
    _falls_asleep(feather)
    feather.board.skip(_EVERY_S + 1)
    assert _is_asleep(feather)
