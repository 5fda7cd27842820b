"""Each sensor on a virtual board: the right reading, a fault when the sensor is removed, recovery by itself."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from nodes import Message, Node

from virtual_feather.chips.ds18b20 import rom_code

_AIR = {"temperature": -7.3, "humidity": 61.5, "pressure": 987.65}
_LUX = 1234.0


@dataclass(frozen=True)
class Case:
    """A chip as it is plugged in, its entry in config.json, the tolerance of each quantity, its name in faults."""

    chip: str
    entry: dict
    steps: dict[str, float]
    name: str


_BMP280 = {"driver": "bmp280", "address": 0x77}
_CASES = [
    Case("bme280", {"driver": "bme280"}, {"temperature": 0.01, "humidity": 0.1, "pressure": 0.01}, "bme280 at 0x76"),
    Case("bmp280@0x77", _BMP280, {"temperature": 0.01, "pressure": 0.01}, "bmp280 at 0x77"),
    Case("sht31", {"driver": "sht31"}, {"temperature": 0.01, "humidity": 0.1}, "sht31 at 0x44"),
    Case("bh1750", {"driver": "bh1750"}, {"lux": 0.5}, "bh1750 at 0x23"),
    Case("tsl2561", {"driver": "tsl2561"}, {"lux": 12.0}, "tsl2561 at 0x39"),
    Case("ds18b20@14", {"driver": "ds18b20", "pin": 14}, {"temperature": 0.04}, "ds18b20 on GPIO14"),
    Case("dht22@13", {"driver": "dht22", "pin": 13}, {"temperature": 0, "humidity": 0}, "dht22 on GPIO13"),
]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.entry["driver"])
def test_reading_fault_and_recovery(node, case: Case):
    feather: Node = node("--chips", case.chip, sensors=[{**case.entry, "every_s": 1}])
    feather.board.ctl("light", str(_LUX))
    for name, value in _AIR.items():
        feather.board.ctl("set", name, str(value))
    _reads(feather, case)

    since = feather.broker.count
    feather.board.ctl("unplug", case.chip)
    assert feather.fault(4, since=since).json["detail"] == f"{case.name}: no answer"
    since = feather.broker.count
    feather.board.skip(5)
    assert not [message for message in feather.broker.messages[since:] if message.topic.startswith("sensors/")]

    feather.board.ctl("plug", case.chip)
    feather.fault(0, since=since)
    _reads(feather, case, since)


def _reads(feather: Node, case: Case, since: int = 0) -> None:
    """Wait for a reading of each quantity that is right."""
    for quantity, step in case.steps.items():
        wanted = {**_AIR, "lux": _LUX}[quantity]

        def right(message: Message, wanted: float = wanted, step: float = step) -> bool:
            return abs(message.number - wanted) <= step + 1e-6

        feather.comes("sensors", quantity, since, right)


_TOPICS = {"bh1750": ("bh1750", 250.0), "ds18b20@14": ("ds18b20", 21.0), "dht22@13": ("dht22/humidity", 45.0)}


@pytest.mark.parametrize("chips", [("bh1750", "dht22@13"), ("ds18b20@14",)], ids=" ".join)
def test_without_romfs(node, chips):
    """As many sensors at a time as the heap has room for beside the node's own modules."""
    entries = [{**case.entry, "every_s": 2, "topic": case.entry["driver"]} for case in _CASES if case.chip in chips]
    feather: Node = node("--chips", ",".join(chips), image="plain", sensors=entries)
    for topic, number in map(_TOPICS.__getitem__, chips):
        assert feather.wait(topic).number == number


def test_the_modules_of_the_image_read_them_too(boards):
    board = boards("feather", "--chips", "ds18b20@14@1,ds18b20@14@2,dht22@13")
    board.ctl("set", "temperature", "-7.3")
    with board.console() as console:
        console.prompt()
        program = """
            import dht, ds18x20, onewire, time
            from machine import Pin
            wire = ds18x20.DS18X20(onewire.OneWire(Pin(14)))
            roms = wire.scan()
            wire.convert_temp()
            time.sleep_ms(750)
            print(sorted(rom[1] for rom in roms), [wire.read_temp(rom) for rom in roms])
            sensor = dht.DHT22(Pin(13))
            time.sleep(2)
            for _ in range(2):
                sensor.measure()
                time.sleep(2)
            print("%.1f %.1f" % (sensor.temperature(), sensor.humidity()))
        """
        output = console.run(textwrap.dedent(program))
    assert output.split("\n")[:2] == ["[1, 2] [-7.3125, -7.3125]", "-7.3 45.0"]


def test_the_page_tells_how_to_find_rom_codes(boards):
    page = (Path(__file__).resolve().parents[2] / "docs/sensors.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    board = boards("feather", "--image", "small", "--chips", "ds18b20@14@1,ds18b20@14@2")
    with board.console() as console:
        console.prompt()
        printed = ast.literal_eval(console.run(program))
    assert sorted(printed) == sorted(rom_code(serial).hex() for serial in (1, 2))


def test_two_thermometers_on_one_wire(node):
    entry = {"driver": "ds18b20", "pin": 14, "every_s": 1}
    first, second = (rom_code(serial).hex() for serial in (1, 2))
    feather: Node = node(
        "--chips",
        "ds18b20@14@1,ds18b20@14@2",
        sensors=[{**entry, "rom": first, "topic": "t/one"}, {**entry, "rom": second, "topic": "t/two"}],
    )
    for topic in ("t/one", "t/two"):
        assert feather.wait(topic).number == 21.0
    feather.board.ctl("unplug", "ds18b20@14@2")
    assert feather.fault(4).json["detail"] == "ds18b20 on GPIO14: no answer"
    since = feather.broker.count
    feather.wait("t/one", since)
    assert not feather.broker.of("t/two", since + 1)


def test_analogue_input(node):
    feather: Node = node(
        sensors=[{"driver": "adc", "full_scale": 5.7, "every_s": 1}, {"driver": "tmp36", "every_s": 1}],
    )
    feather.board.ctl("adc", "0.72")
    feather.comes("sensors", "voltage", want=lambda m: abs(m.number - 4.104) < 0.006)
    feather.comes("sensors", "temperature", want=lambda m: abs(m.number - 22.0) < 0.11)

    since = feather.broker.count
    feather.board.ctl("adc", "1.2")
    assert feather.fault(4, since=since).json["detail"] in ("adc: more than 5.7 V", "tmp36: more than 1.0 V")
    since = feather.broker.count
    feather.board.ctl("adc", "0.5")
    feather.fault(0, since=since)
    feather.comes("sensors", "temperature", since, lambda m: m.number == 0.0)


def test_contact(node):
    feather: Node = node(sensors=[{"driver": "switch", "pin": 14, "every_s": 3600}])
    topic = feather.topic("sensors", "contact")
    feather.wait(topic)
    for level, payload in (("low", "1"), ("open", "0")):
        since = feather.broker.count
        feather.board.ctl("pin", "14", level)
        feather.comes("sensors", "contact", since, lambda m, p=payload: m.payload == p, within_s=1)
    assert feather.broker.retained(topic) == "0"


def test_filters(node):
    feather: Node = node(
        sensors=[{"driver": "tsl2561", "every_s": 0.5, "scale": 2, "delta": 50, "heartbeat_s": 4}],
    )
    first = feather.reading()
    assert abs(first.number - 500) <= 10
    feather.board.skip(10)
    seen = feather.broker.of(feather.topic("sensors", "lux"))
    assert 2 <= len(seen) <= 4, "of 20 readings the first and two heartbeats"
    since = feather.broker.count
    feather.board.ctl("light", "300")
    feather.comes("sensors", "lux", since, lambda m: abs(m.number - 600) <= 12)
