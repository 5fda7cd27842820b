"""Chips plugged into the virtual board by name, and the wires to single GPIOs."""

from __future__ import annotations

import pytest

from virtual_feather.chips.air import Air
from virtual_feather.chips.light import Light
from virtual_feather.gpio import OPEN_DRAIN, Gpio
from virtual_feather.i2c import SCL, SDA, I2cBus
from virtual_feather.plugboard import Plugboard
from virtual_feather.wires import Wires


class Bench:
    """A board's wires without its processor."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.gpio = Gpio(lambda *_: None)
        self.bus = I2cBus(self.gpio)
        self.wires = Wires(self.gpio)
        clock = lambda: self.now  # noqa: E731
        self.plugboard = Plugboard(clock, Light(clock), Air(), self.bus, self.wires)
        self.call("pin_init", 14, OPEN_DRAIN, 1, True)

    def call(self, operation: str, *arguments):
        operations = self.gpio.operations | self.bus.operations | self.wires.operations
        return operations[operation](*arguments)

    def answers(self, address: int) -> bool:
        return self.call("i2c_transfer", SCL, SDA, address, True, b"", None) == 0


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
    assert bench.call("onewire_reset", 14) is False
    bench.plugboard.plug("ds18b20@14")
    assert bench.call("onewire_reset", 14) is True
    assert bench.call("onewire_reset", 13) is True  # nothing pulls it up
    bench.call("onewire_write", 14, 8, 0x33)
    assert bench.call("onewire_read", 14, 8) == 0x28
    bench.plugboard.unplug("ds18b20@14")
    assert bench.call("onewire_read", 14, 8) == 0xFF


def test_one_wire_shorted_to_ground():
    bench = Bench()
    bench.plugboard.plug("ds18b20@14")
    bench.gpio.hold(14, 0)
    assert bench.call("onewire_reset", 14) is True
    bench.call("onewire_write", 14, 8, 0x33)
    assert bench.call("onewire_read", 14, 8) == 0


def test_pulses_follow_a_start():
    bench = Bench()
    bench.plugboard.plug("dht22@14")
    assert bench.call("pulse", 14, 1) is None
    bench.call("pin_write", 14, False)
    bench.now += 0.002
    bench.call("pin_write", 14, True)
    assert [bench.call("pulse", 14, 1) for _ in range(2)] == [30, 80]
    bench.gpio.hold(14, 0)
    assert bench.call("pulse", 14, 1) is None
