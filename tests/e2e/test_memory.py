"""Settings that pass the memory check run on their image; settings that it refuses, host and board refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from nodes import Node

from host.failure import Failure
from host.settings import check

_CHIPS = "tsl2561,bme280,sht31,bh1750,dht22@14,ds18b20@13"
_ENTRIES: list[dict[str, Any]] = [
    {"driver": "tsl2561"},
    {"driver": "bme280"},
    {"driver": "dht22", "pin": 14},
    {"driver": "sht31"},
    {"driver": "bh1750"},
    {"driver": "ds18b20", "pin": 13},
    {"driver": "adc"},
]


def _sensors(count: int, **settings: Any) -> list[dict[str, Any]]:
    return [
        {**entry, "name": f"the {entry['driver']} in the attic", "topic": f"house/roof/{entry['driver']}", **settings}
        for entry in _ENTRIES[:count]
    ]


# The last topic of an announcement, by its form.
_ANNOUNCED = {True: "homeassistant/device/n1/config", "single": "homeassistant/binary_sensor/n1/fault-code/config"}

# As much as the check allows, or nearly.
_FITS = [
    ("romfs", _sensors(7, delta=1, median=5), True),
    ("romfs", _sensors(5, every_s=1), True),
    ("plain", _sensors(3, name=None), True),
    ("plain", _sensors(2), "single"),
    ("plain", _sensors(4), False),
    ("small", _sensors(2), False),
    ("small", _sensors(1), True),
]


@pytest.mark.parametrize(("image", "sensors", "homeassistant"), _FITS)
def test_what_is_let_through_runs(node, image: str, sensors: list, homeassistant: bool | str) -> None:
    feather: Node = node("--chips", _CHIPS, image=image, sensors=sensors, homeassistant=homeassistant)
    if homeassistant:
        feather.wait(_ANNOUNCED[homeassistant])
    drivers = check.Drivers()
    for entry in sensors:
        quantities = drivers.quantities(entry["driver"])
        feather.wait(f"{entry['topic']}/{quantities[-1]}" if len(quantities) > 1 else entry["topic"])
    feather.board.skip(30)
    anew = homeassistant and image != "romfs"  # once, when the announcement has been made
    assert feather.board.status()["resets"] == 1 + bool(anew)
    codes = {message.json["code"] for message in feather.broker.of(feather.topic("fault"))}
    assert not codes & {5, 6}  # no room to announce, a crash


@pytest.mark.parametrize("image", ["plain", "small"])
def test_what_is_too_much_is_refused_by_host_and_board(node, image: str) -> None:
    too_much = {"outbox": 512, "homeassistant": True}
    with pytest.raises(Failure, match=r"sensors and outbox need about [0-9]+ bytes more") as told:
        node(image=image, **too_much)
    feather: Node = node("--chips", _CHIPS, image=image)
    feather.reading()
    assert feather.ask("set", json.dumps(too_much)) == "error: " + str(told.value).partition(" (image")[0]
    feather.reading(feather.broker.count)
    assert not any(message.json["code"] == 6 for message in feather.broker.of(feather.topic("fault")))
