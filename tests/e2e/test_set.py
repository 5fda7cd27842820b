"""`set` over MQTT: its answers, and config.json afterwards, also after a power cut."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from nodes import Node, config_for
from waits import wait_for

from host.settings.check import Drivers, load, schema

_GOOD: list[dict[str, Any]] = [
    {"sensors.0.every_s": 0.5},
    {"sensors.0.every_s": 10},
    {"sensors.0.every_s": 86400},
    {"sensors.0.name": "été"},
    {"sensors.0.name": None},
    {"sensors.0.topic": "maison/exterieur/cabane/lux"},
    {"sensors.0.topic": None, "sensors.0.topics": {"lux": "house/lux"}},
    {"sensors.0.topics": {}},
    {"sensors.0.gain": 16, "sensors.0.integration_ms": 101},
    {"sensors.0.address": 41},
    {"sensors.0.median": 3, "sensors.0.scale": 1.5, "sensors.0.offset": -0.25},
    {"sensors.0.delta": {"lux": 5}, "sensors.0.heartbeat_s": 600},
    {"sensors.0": {"driver": "bh1750"}},
    {"sensors": []},
    {"sensors": [{"driver": "adc", "full_scale": 5.7}, {"driver": "switch", "pin": 14}]},
    {"sensors.1.pin": 13},
    {"outbox": 8},
    {"outbox": 128, "stats_s": None},
    {"stats_s": 86400},
    {"error_reboot_s": 60},
    {"error_reboot_s": None},
    {"ntp": "127.0.0.1"},
    {"homeassistant": "single"},
    {"homeassistant": False},
    {"pins.led": 2, "pins.run_app": 14, "sensors": [{"driver": "tsl2561"}]},
    {"pins": {}},
    {"wifi.others": [{"ssid": "garden", "key": "12345678"}], "wifi.timeout_s": 60},
    {"wifi.others.0.ssid": "shed", "wifi.hostname": "node-1"},
    {"mqtt.user": "u", "mqtt.password": 'p"\\'},
    {"client_id": "n2"},
]

_OBJECT = 'set takes an object, {"sensors.0.every_s": 10}'
_BAD: list[tuple[Any, str]] = [
    ("", _OBJECT + ": line 1, column 1: the end of the text instead of a value"),
    ("7", _OBJECT),
    ("{}", _OBJECT),
    ('{"outbox": 8', _OBJECT + ": line 1, column 13: the end of the text instead of a comma or }"),
    ("[1]", _OBJECT),
    (
        {"colour": "red"},
        "colour is not a setting: there are " + ", ".join(row[0] for row in schema.each()),
    ),
    ({"outbox.size": 8}, "outbox.size is not a setting"),
    ({"mqtt.host": "a"}, "mqtt.host is not a setting: there are server, port, user, password, keepalive_s"),
    ({"sensors.1.every_s": 10}, "sensors.1.every_s is not a setting: there are only 1 of these"),
    ({"sensors.-1.every_s": 10}, "sensors.-1.every_s is not a setting: there are only 1 of these"),
    ({"sensors.0.every_s.x": 1}, "sensors.0.every_s.x is not a setting"),
    ({"sensors.0.every_s": 0.4}, "sensors[0].every_s must be a number from 0.5 to 86400 s"),
    ({"sensors.0.every_s": "10"}, "sensors[0].every_s must be a number from 0.5 to 86400 s"),
    ({"sensors.0.every_s": None}, "sensors[0].every_s must be a number from 0.5 to 86400 s"),
    ({"sensors.0.every_s": True}, "sensors[0].every_s must be a number from 0.5 to 86400 s"),
    ('{"sensors.0.every_s": 1e999}', "sensors[0].every_s must be a number from 0.5 to 86400 s"),
    ({"sensors.0.driver": "nonesuch"}, "sensors[0].driver must be one of " + ", ".join(Drivers().names())),
    ({"sensors.0.driver": "dht22"}, "sensors[0].pin must be given"),
    ({"sensors.0.gain": 4}, "sensors[0].gain must be one of 1, 16 or null"),
    ({"sensors.0.topic": "a/#"}, "sensors[0].topic must be " + schema.wanted("topic?", "1..128", "bytes")),
    ({"sensors.0.topics": {"lumen": "a"}}, "sensors[0].topics.lumen is not a quantity: tsl2561 has lux"),
    (
        {"sensors.0.delta": -1},
        'sensors[0].delta must be a number from 0 to 1000000, or an object: {"quantity": number}',
    ),
    ({"sensors": {"driver": "adc"}}, "sensors must be a list of 0 to 8 sensors"),
    ({"outbox": 8, "stats_s": 0}, "stats_s must be a whole number from 10 to 86400 s or null"),
    ({"mqtt.port": 65536}, "mqtt.port must be a whole number from 1 to 65535"),
    ({"mqtt.password": "x"}, "mqtt.user must be given with mqtt.password"),
    ({"wifi.key": "short"}, "wifi.key must be empty or text of 8 to 64 bytes: the longest is of hex digits"),
    ({"client_id": "a/b"}, "client_id must be text without + # / and control characters of 1 to 64 bytes or null"),
    ({"pins.led": 5}, "pins.led and pins.scl are both 5: each needs a GPIO of its own"),
    ({"homeassistant": "both"}, 'homeassistant must be true, false or "single"'),
]


def _settings(feather: Node, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The board's config.json, and the host's settings from it. Fails the test when it is not valid."""
    text = feather.board.ctl("get", "config.json")
    file = tmp_path / "of-the-board.json"
    file.write_text(text, encoding="utf-8")
    return json.loads(text), load(file)


def _put(config: dict[str, Any], changes: dict[str, Any]) -> None:
    """Change `config` as `set` should."""
    for key, value in changes.items():
        *path, last = [int(word) if word.isdigit() else word for word in key.split(".")]
        node: Any = config
        for word in path:
            node = node.setdefault(word, {}) if isinstance(node, dict) else node[word]
        node[last] = value


def test_thirty_good_settings(node, tmp_path):
    """Each is answered, is in config.json, and takes effect after the node's restart."""
    assert len(_GOOD) == 30
    feather: Node = node(sensors=[{"driver": "tsl2561"}], stats_s=10)
    config, _ = _settings(feather, tmp_path)
    feather.comes("status")
    longest = 0.0
    for changes in _GOOD:
        since = feather.broker.count
        asked = feather.board.clock
        assert feather.ask("set", json.dumps(changes)) == "ok", changes
        _put(config, changes)
        if "client_id" in changes:
            feather.name = changes["client_id"]
        feather.comes("status", "", since, lambda m: m.payload == "online")
        longest = max(longest, feather.board.clock - asked)
        given, whole = _settings(feather, tmp_path)
        assert given == config, changes
        assert json.loads(feather.board.ctl("get", "config.ok").split("\n")[1]) == whole, "what it goes by"
    print(f"set: back online {longest:.1f} s of the board after the command at the latest")


def test_thirty_bad_settings(node, tmp_path):
    """Each is answered with a sentence; nothing changes, and the node does not restart."""
    assert len(_BAD) == 30
    feather: Node = node()
    feather.comes("status")
    text = feather.board.ctl("get", "config.json")
    resets = feather.board.status()["resets"]
    for changes, sentence in _BAD:
        answer = feather.ask("set", changes if isinstance(changes, str) else json.dumps(changes))
        assert answer == f"error: {sentence}", changes
        assert feather.board.ctl("get", "config.json") == text
    feather.reading(since=feather.broker.count)
    assert feather.board.status()["resets"] == resets
    assert [m.payload for m in feather.broker.of("status/n1")] == ["online"]


@pytest.mark.parametrize("image", ["plain", "small"])
def test_where_the_heap_has_no_room_the_next_start_does_it(node, tmp_path, image):
    """The same answers and settings, a start later; each is answered once."""
    feather: Node = node(image=image)
    broker = feather.broker
    feather.reading()
    for changes, answer, outbox in (
        ({"outbox": 9}, "ok", 9),
        ({"outbox": 7}, "error: outbox must be a whole number from 8 to 512 readings", 9),
        ({"outbox": 10}, "ok", 10),
    ):
        since = broker.count
        assert feather.ask("set", json.dumps(changes)) == answer
        topics = [m.topic for m in broker.messages[since:]]
        assert topics.index("connect/n1") < topics.index("reply/n1/set")
        assert _settings(feather, tmp_path)[0]["outbox"] == outbox
        feather.wait("fault/n1", since)
    assert feather.ask("restart") == "ok"
    feather.wait("stats/n1", broker.count)
    assert len(broker.of("reply/n1/set")) == 3


def test_settings_that_are_not_in_the_file_yet(node, tmp_path):
    """`set` changes the default of a list or an object that the file lacks."""
    feather: Node = node()
    config = config_for(feather.broker)
    del config["sensors"]
    since = feather.broker.count
    feather.board.put("config.json", json.dumps(config))
    feather.comes("connect", since=since)
    assert feather.ask("set", '{"sensors.0.every_s": 5, "sleep.batch": 2}') == "ok"
    given, _ = _settings(feather, tmp_path)
    assert given["sensors"] == [{"driver": "tsl2561", "every_s": 5}]
    assert given["sleep"] == {"batch": 2}


@pytest.mark.parametrize("image", ["romfs", "plain"])
def test_the_power_goes_while_it_is_written(node, request, tmp_path, image):
    """config.json is the old one or the new one, whole, and the node comes back with it."""
    cuts = 60 if request.config.getoption("--long") else 12
    feather: Node = node(outbox=100, image=image)
    broker = feather.broker
    feather.wait("status/n1")
    chance = random.Random(6)
    was, seen = 100, {False: 0, True: 0}
    for value in range(101, 101 + cuts):
        feather.board.ctl("power", "cut", str(chance.randrange(9000)))
        since = broker.count
        broker.publish("cmd/n1/set", json.dumps({"outbox": value}))
        wait_for(lambda since=since: _is_cut(feather) or broker.of("connect/n1", since), "a cut, or a restart")
        feather.board.ctl("power", "off")
        given, _ = _settings(feather, tmp_path)
        assert given["outbox"] in (was, value)
        assert not broker.of("reply/n1/set", since) or given["outbox"] == value, "answered ok, and not done"
        feather.board.ctl("power", "cut", "1000000000")
        since = broker.count
        feather.board.ctl("power", "on")
        assert feather.wait("fault/n1", since).json == {"code": 0}
        was = _settings(feather, tmp_path)[0]["outbox"]  # the start has made the change that was left for it
        seen[was == value] += 1
    print(f"set, {image}: {cuts} power cuts, {seen[False]} left the old config.json, {seen[True]} the new one")
    assert all(seen.values()), "the cuts are not where they matter"


def _is_cut(feather: Node) -> bool:
    return not feather.board.status()["power"]
