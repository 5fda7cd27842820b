"""Home Assistant finds the node's sensors by the node's announcement, and no longer finds removed sensors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nodes import Broker, Message, Node, config_for
from waits import wait_for

ROOT = Path(__file__).resolve().parents[2]
HOME_ASSISTANT = ROOT / "build" / "homeassistant"

_CHIPS = "tsl2561,bme280,ds18b20@14,dht22@2"
_SENSORS: list[dict[str, Any]] = [
    {"driver": "tsl2561", "every_s": 1},
    {"driver": "bme280", "every_s": 2, "name": 'say "hi"'},
    {"driver": "ds18b20", "pin": 14, "every_s": 3, "topic": "maison/extérieur/t"},
    {"driver": "dht22", "pin": 2, "every_s": 3, "topic": "attic", "delta": {"humidity": 5}},
    {"driver": "adc", "every_s": 4, "delta": 0.1, "heartbeat_s": 30},
    {"driver": "switch", "pin": 13, "every_s": 600},
]
_LUX, _VOLTAGE = _SENSORS[:1], _SENSORS[4:5]
_DEVICE = "homeassistant/device/n1/config"
_LAST = "homeassistant/binary_sensor/n1/fault-code/config"  # of an announcement in the single form
_DIAGNOSTICS = {"stats-rssi", "stats-free", "stats-uptime_s", "fault-code"}


class Announced:
    """The broker's current retained messages of homeassistant/#."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def all(self) -> dict[str, str]:
        """All topics whose payloads are not empty."""
        newest: dict[str, str] = {}
        for message in list(self._broker.messages):
            if message.topic.startswith("homeassistant/") and message.topic.endswith("/config"):
                newest[message.topic] = message.payload
        return {topic: payload for topic, payload in newest.items() if payload}


def _is_announced(feather: Node, since: int, form: str | bool) -> None:
    """Wait for the last message of an announcement."""
    topic = _LAST if form == "single" else _DEVICE
    feather.wait(topic, since, lambda message: bool(message.payload))


def _told(configs: dict[str, str], states: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """The entities as Home Assistant makes them. Fails the test when it refuses one."""
    if not (HOME_ASSISTANT / "pins").exists():
        pytest.skip("Home Assistant is not there: its packages are for x86-64 and Python 3.11 (tests/fetch.py)")
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "home_assistant.py"],
        input=json.dumps({"configs": configs, "states": states or {}}),
        env=os.environ | {"PYTHONPATH": str(HOME_ASSISTANT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _components(payload: str) -> dict[str, dict[str, Any]]:
    return json.loads(payload)["cmps"]


def _change(feather: Node, **changes: Any) -> int:
    """Write another config.json; the number of the first message after the node's new start."""
    since = feather.broker.count
    feather.board.put("config.json", json.dumps(config_for(feather.broker, **changes)))
    return feather.broker.messages.index(feather.comes("connect", since=since))


@pytest.mark.parametrize("form", [True, "single"], ids=["device", "single"])
def test_home_assistant_takes_every_entity(node, form):
    feather: Node = node("--chips", _CHIPS, sensors=_SENSORS, homeassistant=form, stats_s=10)
    broker = feather.broker
    _is_announced(feather, 0, form)
    stats = feather.comes("stats").payload
    configs = Announced(broker).all()
    assert all(message.retained is False for message in broker.messages), "we were there before them"
    told = _told(
        configs,
        {"stats/n1": [stats], "fault/n1": ['{"code":0}', '{"code":4,"name":"sensor","detail":"x"}']},
    )
    things = {name.removeprefix("n1_"): entity for name, entity in told.items()}
    quantities = {"lux", "temperature", "pressure", "humidity", "voltage", "contact"}
    assert set(things) == _DIAGNOSTICS | quantities | {
        "maison_ext-c3-a9rieur_t",
        "attic_temperature",
        "attic_humidity",
    }
    assert {name: entity["expire_after"] for name, entity in things.items()} == {
        "lux": 3,
        "temperature": 6,
        "pressure": 6,
        "humidity": 6,
        "maison_ext-c3-a9rieur_t": 8,
        "attic_temperature": 8,
        "attic_humidity": None,  # nothing comes while nothing changes
        "voltage": 76,
        "contact": 1501,
        **dict.fromkeys(_DIAGNOSTICS),
    }
    assert things["pressure"]["device_class"] == "atmospheric_pressure"
    assert things["lux"]["name"] is None, "that of its class"
    assert [things[name]["name"] for name in ("temperature", "attic_temperature")] == [
        'say "hi" temperature',
        "dht22 temperature",
    ]
    assert things["contact"]["platform"] == things["fault-code"]["platform"] == "binary_sensor"
    assert things["fault-code"]["states"] == ["off", "on"]
    numbers = json.loads(stats)
    for key in ("rssi", "free", "uptime_s"):
        assert things[f"stats-{key}"]["states"] == [str(numbers[key])]
    assert {entity["availability"] for entity in things.values()} == {"status/n1"}


def test_the_name_of_a_node_may_be_anything(node):
    name = 'a "b" c.é'
    feather: Node = node(client_id=name, homeassistant="single")
    feather.wait("homeassistant/binary_sensor/a-20-22b-22-20c-2e-c3-a9/fault-code/config")
    told = _told(Announced(feather.broker).all())
    assert set(told) == {f"{name}_{thing}" for thing in {"lux", *_DIAGNOSTICS}}
    assert {entity["device"] for entity in told.values()} == {name}


def test_a_sensor_that_leaves(node):
    feather: Node = node(sensors=_LUX + _VOLTAGE, homeassistant="single")
    broker = feather.broker
    _is_announced(feather, 0, "single")
    topics = {name: f"homeassistant/sensor/n1/{name}/config" for name in ("lux", "voltage")}
    assert set(topics.values()) < set(Announced(broker).all())
    since = _change(feather, sensors=_VOLTAGE, homeassistant="single")
    _is_announced(feather, since, "single")
    assert feather.wait(topics["lux"], since).payload == ""
    assert topics["lux"] not in Announced(broker).all()
    assert topics["voltage"] in Announced(broker).all()


def test_a_sensor_that_leaves_the_device(node):
    feather: Node = node(sensors=_LUX + _VOLTAGE, homeassistant=True)
    broker = feather.broker
    topic = _DEVICE
    assert {"lux", "voltage"} < set(_components(feather.wait(topic).payload))
    since = _change(feather, sensors=_VOLTAGE, homeassistant=True)
    components = _components(feather.wait(topic, since).payload)
    assert components["lux"] == {"p": "sensor"}, "which takes it away"
    assert len(components["voltage"]) > 1
    feather.wait("sensors/n1/voltage", since)  # the announcement has been stored
    since = broker.count
    feather.board.ctl("reset")
    assert "lux" not in _components(feather.wait(topic, since).payload)


def test_sensors_in_another_order_are_the_same_ones(node):
    both = [_SENSORS[1], _SENSORS[3]]
    feather: Node = node("--chips", _CHIPS, sensors=both, homeassistant=True)
    topic = _DEVICE
    first = _components(feather.wait(topic).payload)
    since = _change(feather, sensors=both[::-1], homeassistant=True)
    assert _components(feather.wait(topic, since).payload) == first


@pytest.mark.parametrize(["first", "second"], [(True, "single"), ("single", True)])
def test_another_form_and_none(node, first, second):
    feather: Node = node(homeassistant=first)
    broker = feather.broker
    _is_announced(feather, 0, first)
    before = Announced(broker).all()
    since = _change(feather, sensors=_LUX, homeassistant=second)
    _is_announced(feather, since, second)
    assert not set(before) & set(Announced(broker).all())
    order = [message.topic in before for message in broker.messages[since:] if _is_config(message)]
    assert order == sorted(order, reverse=True), "what was is gone before anything comes with the same unique_id"

    since = _change(feather, sensors=_LUX, homeassistant=False)
    feather.reading(since)
    assert Announced(broker).all() == {}
    since = broker.count
    feather.board.ctl("reset")
    feather.reading(since)
    assert not [message for message in broker.messages[since:] if _is_config(message)]


def _is_config(message: Message) -> bool:
    return message.topic.startswith("homeassistant/")


def test_home_assistant_starts(node):
    """Its birth message counts, but not the retained one of its last start."""
    feather: Node = node(homeassistant=True)
    broker = feather.broker
    topic = _DEVICE
    feather.wait(topic)
    for payload, retain, comes in [("offline", False, False), ("online", False, True), ("online", True, True)]:
        since = broker.count
        broker.publish("homeassistant/status", payload, retain)
        if comes:
            feather.wait(topic, since)
        else:
            feather.reading(since + 2)
            assert not broker.of(topic, since)
    since = broker.count
    feather.board.ctl("reset")
    feather.wait(topic, since)
    feather.reading(since)
    assert len(broker.of(topic, since)) == 1, "at the connection, and not again for what the broker had kept"


def test_the_power_goes_in_the_middle(node):
    """While settings are read or the announcement is stored: the announcement is right after the next start."""
    feather: Node = node(sensors=_LUX, homeassistant="single")
    broker = feather.broker
    _is_announced(feather, 0, "single")
    cuts = 0
    for count, after in enumerate((0, 1000, 4200, 5000, 8500, 9000, 13000, 17500, 22000)):
        entries, quantity = (_LUX, "lux") if count % 2 else (_VOLTAGE, "voltage")
        feather.board.ctl("power", "off")
        feather.board.put("config.json", json.dumps(config_for(broker, sensors=entries, homeassistant="single")))
        feather.board.ctl("power", "cut", str(after))
        since = broker.count
        feather.board.ctl("power", "on")
        wait_for(lambda since=since: not feather.board.status()["power"] or broker.of(_LAST, since), "a cut, or not")
        if not feather.board.status()["power"]:
            cuts += 1
            feather.board.ctl("power", "cut", "1000000000")
            since = broker.count
            feather.board.ctl("power", "on")
        _is_announced(feather, since, "single")
        kept = {topic.split("/")[3] for topic in Announced(broker).all()}
        assert kept == {quantity, *_DIAGNOSTICS}, f"cut after {after} bytes of flash"
    print(f"announcing: {cuts} power cuts")
    assert cuts >= 4


def test_what_home_assistant_refuses_is_seen():
    """The check finds errors."""
    entity = {"uniq_id": "a", "stat_t": "t", "avty_t": "s", "dev": {"ids": "n"}, "o": {"name": "x"}}
    with pytest.raises(AssertionError, match="AssertionError"):
        _told({"homeassistant/sensor/n/a/config": json.dumps(entity | {"dev_cla": "illuminance", "unit_of_meas": "V"})})
    with pytest.raises(AssertionError, match="Invalid"):
        _told({"homeassistant/sensor/n/a/config": json.dumps(entity | {"dev_cla": "brightness"})})
    with pytest.raises(AssertionError, match="topic of discovery"):
        _told({"homeassistant/sensor/n/é/config": json.dumps(entity)})
