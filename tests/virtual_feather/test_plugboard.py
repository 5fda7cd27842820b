"""Chips plugged into the virtual board by name, and the wires to single GPIOs."""

from __future__ import annotations

import struct

import pytest

from virtual_feather.chips.air import Air
from virtual_feather.chips.light import Light
from virtual_feather.gpio import Gpio
from virtual_feather.i2c import I2cBus
from virtual_feather.plugboard import Plugboard
from virtual_feather.processor.page import Page
from virtual_feather.wires import Wires


class Bench:
    """A board's wires without its processor."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.page = Page()
        self.gpio = Gpio(self.page, lambda: None)
        self.bus = I2cBus(self.page, self.gpio)
        self.wires = Wires(self.page, self.gpio)
        clock = lambda: self.now  # noqa: E731
        self.plugboard = Plugboard(clock, Light(clock), Air(), self.bus, self.wires)

    def ask(self, kind: str, *data: int) -> int:
        return (self.bus.handlers | self.wires.handlers)[kind](bytes(data))

    def answers(self, address: int) -> bool:
        return bool(self.ask("S", address << 1))

    def drive_low(self, low: bool) -> None:
        """Drive GPIO14 as the processor does."""
        self.page.pads_low = low << 14
        self.gpio.settle()


def test_chips_answer_while_they_are_plugged_in():
    bench = Bench()
    chips = {"tsl2561": 0x39, "bme280@0x77": 0x77, "sht31": 0x44, "bh1750": 0x23, "bmp280": 0x76}
    for text, address in chips.items():
        assert not bench.answers(address)
        bench.plugboard.plug(text)
        assert bench.answers(address)
    assert bench.plugboard.plugged == list(chips)
    bench.plugboard.unplug("bme280@0x77")
    assert not bench.answers(0x77)
    assert bench.answers(0x39)


@pytest.mark.parametrize(
    "text", ["", "x", "ds18b20", "dht22@6", "dht22@14@1", "bme280@0x78", "bme280@0x76@1", "sht31@a"]
)
def test_what_cannot_be_plugged_in(text):
    bench = Bench()
    with pytest.raises(ValueError):
        bench.plugboard.plug(text)
    assert bench.plugboard.plugged == []


def test_nothing_is_plugged_in_twice_or_pulled_out_twice():
    plugboard = Bench().plugboard
    plugboard.plug("dht22@14")
    with pytest.raises(ValueError, match="plugged in already"):
        plugboard.plug("dht22@14")
    plugboard.unplug("dht22@14")
    with pytest.raises(ValueError, match="not plugged in, but nothing"):
        plugboard.unplug("dht22@14")


def test_one_wire():
    bench = Bench()
    assert not bench.ask("0", 14)
    bench.plugboard.plug("ds18b20@14")
    assert bench.page.onewire == 1 << 14 and bench.gpio.level(14)
    assert bench.ask("0", 14)
    assert not bench.ask("0", 13)
    for i in range(8):
        bench.ask("1", 14, 0x33 >> i & 1)
    assert sum(bench.ask("2", 14) << i for i in range(8)) == 0x28
    bench.plugboard.unplug("ds18b20@14")
    assert bench.page.onewire == 0
    assert bench.ask("2", 14) == 1


def test_pulses_follow_a_start():
    bench = Bench()
    bench.plugboard.plug("dht22@14")
    assert bench.wires.pulses() == b""
    bench.drive_low(True)
    assert bench.wires.pulses() == b""
    bench.now += 0.002
    bench.drive_low(False)
    pad, *lengths = struct.unpack("<85H", bench.wires.pulses())
    assert (pad, *lengths[:4]) == (14, 30, 80, 80, 50)
    assert bench.wires.pulses() == b""
