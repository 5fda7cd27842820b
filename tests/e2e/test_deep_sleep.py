"""Deep sleep for batteries: wake, read, send, sleep, with GPIO16 wired to RST."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from boards import wait_for
from nodes import Broker, Node

_EVERY_S = 10  # the shortest sleep there is
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
        message = feather.reading(25, since)
        assert abs(message.number - 250) <= 5
        times.append(message.at)
        since = broker.messages.index(message) + 1
        wait_for(lambda: _is_asleep(feather), 10, "sleep")
    apart = [b - a for a, b in pairwise(times)]
    print(f"deep sleep: readings {', '.join(f'{s:.1f}' for s in apart)} s apart")
    assert all(_EVERY_S < s < _EVERY_S + 8 for s in apart)
    assert broker.of(feather.topic("status"))[-1].payload == "online", "it is well: it sleeps"
    assert not broker.of(feather.topic("disconnect"))
    stats = [message.json for message in broker.of(feather.topic("stats"))]
    assert stats[-1]["reset"] == "deep sleep"
    wait_for(lambda: feather.board.status()["led"] == "off", 5, "the LED is dark while it sleeps")


def test_a_batch_with_its_times(sleeper):
    """Two wakes in silence, at the third all is sent: the older ones with their age, the last as one of now."""
    feather = sleeper(batch=3)
    _wire(feather)
    broker = feather.broker
    broker.wait(feather.topic("sensors", "lux"), 60)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    ages = [message.json["age_s"] for message in broker.of(feather.topic("late", "lux"))]
    assert [topic for topic, _ in _readings(broker, 0)] == ["late/n1/lux", "late/n1/lux", "sensors/n1/lux"]
    print(f"deep sleep: a batch of readings {ages[0]} and {ages[1]} s old")
    assert 2 * _EVERY_S <= ages[0] <= 2 * _EVERY_S + 10 and _EVERY_S <= ages[1] <= _EVERY_S + 6
    assert len(broker.of(feather.topic("connect"))) == 1, "nothing is sent at the other wakes"


def test_a_batch_is_sent_before_it_is_too_much(sleeper):
    """RTC memory keeps 52 readings: of six quantities those of eight wakes, whatever `batch` asks for."""
    air = [{"driver": "bme280"}, {"driver": "sht31", "topic": "sht"}, {"driver": "adc"}]
    feather = sleeper("--chips", "bme280,sht31", "--fast", batch=50, sensors=air)
    _wire(feather)
    broker = feather.broker
    broker.wait(feather.topic("sensors", "voltage"), 60)
    stats = broker.wait(feather.topic("stats"), 10)
    assert stats.json["dropped"] == 0
    late = [topic for topic, _ in _readings(broker, 0) if topic.startswith("late/")]
    print(f"deep sleep: a batch of {len(late)} readings and 6 of now")
    assert len(late) == 42


def test_the_broker_is_away_for_some_wakes(sleeper):
    feather = sleeper()
    _wire(feather)
    broker = feather.broker
    feather.reading(25)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    broker.stop()
    resets = feather.board.status()["resets"]
    wait_for(lambda: feather.board.status()["resets"] >= resets + 3, 150, "two wakes without a broker, and a third")
    since = broker.count
    broker.start()
    broker.wait(feather.topic("sensors", "lux"), 90, since)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    late = [message.json["age_s"] for message in broker.of(feather.topic("late", "lux"), since)]
    print(f"deep sleep: after {len(late)} wakes without a broker, readings {late} s old")
    assert len(late) >= 2 and late == sorted(late, reverse=True) and late[-1] >= _EVERY_S


def test_a_retained_command_keeps_it_awake(sleeper):
    feather = sleeper()
    _wire(feather)
    broker = feather.broker
    feather.reading(25)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    broker.publish(feather.topic("cmd", "awake"), "1", retain=True)
    since = broker.count
    assert broker.wait(feather.topic("reply", "awake"), 30, since).payload == "ok"
    resets = feather.board.status()["resets"]
    feather.reading(20, broker.count)
    feather.reading(20, broker.count)
    assert feather.board.status()["resets"] == resets, "it reads, awake"
    since = broker.count
    broker.publish(feather.topic("cmd", "identify"), "1")
    assert broker.wait(feather.topic("reply", "identify"), 5, since).payload == "ok"
    broker.publish(feather.topic("cmd", "read"), "")
    assert broker.wait(feather.topic("reply", "read"), 5, since).payload == "ok"
    since = broker.count
    feather.reading(5, since)

    broker.publish(feather.topic("cmd", "awake"), "", retain=True)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    feather.reading(25, broker.count)
    wait_for(lambda: _is_asleep(feather), 15, "sleep again, at the next wake too")


def test_runapp_holds_it(sleeper):
    """At a wake, and in the middle of one."""
    feather = sleeper()
    _wire(feather)
    feather.reading(25)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    feather.board.ctl("runapp", "hold")
    with feather.board.console() as console:
        console.read_until(b"RunApp is held", 20)
        console.prompt()
        assert console.type("1 + 1") == "2\n"
        feather.board.ctl("runapp", "release")
        since = feather.broker.count
        console.send(b"\x04")
        feather.reading(15, since)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")


def test_a_sensor_that_is_gone(sleeper):
    """The fault is told, and does not keep it awake; when it ends that is told too."""
    feather = sleeper()
    feather.board.ctl("unplug", "tsl2561")
    _wire(feather)
    wait_for(lambda: _is_asleep(feather), 60, "sleep")
    since = feather.broker.count
    assert feather.fault(4, 30, since).json["detail"] == "tsl2561 at 0x39: no answer"
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    since = feather.broker.count
    feather.board.ctl("plug", "tsl2561")
    feather.fault(0, 30, since)
    feather.reading(10, since)


@pytest.mark.alone
def test_how_long_it_is_awake(sleeper):
    """For docs/battery.md: from the reset to deepsleep(), of a wake that sends and of one that does not."""
    feather = sleeper(batch=2)
    _wire(feather)
    feather.reading(60)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    times = [_awake_s(feather) for _ in range(4)]
    short, long = sorted(times)[:2], sorted(times)[2:]
    print(f"deep sleep: awake for {max(short):.1f} s to read, for {max(long):.1f} s to read and send")
    page = _page()
    for seconds, words in ((max(short), "reads"), (max(long), "sends")):
        (stated,) = re.findall(rf"A wake that {words}[^|]*\| ([0-9.]+) s", page)
        assert float(stated) / 2 < seconds < 2 * float(stated), f"{words}: {seconds:.1f} s, {stated} s in the page"


def _awake_s(feather: Node) -> float:
    """Wait for the next wake; its seconds."""
    wait_for(lambda: not _is_asleep(feather), 20, "a wake")
    began = time.monotonic()
    wait_for(lambda: _is_asleep(feather), 40, "sleep")
    return time.monotonic() - began


def _page() -> str:
    return (Path(__file__).resolve().parents[2] / "docs" / "battery.md").read_text(encoding="utf-8")


def test_without_the_wire_it_stays_asleep(sleeper):
    """As the chip does: the page says so first."""
    feather = sleeper()
    feather.reading(25)
    wait_for(lambda: _is_asleep(feather), 15, "sleep")
    time.sleep(_EVERY_S + 3)
    assert _is_asleep(feather)
