"""The DHT22 of the virtual board, pulse by pulse."""

from __future__ import annotations

import pytest

from virtual_feather.chips.air import Air
from virtual_feather.chips.dht22 import Dht22


class Wire:
    """One sensor, the air around it, and a controller."""

    def __init__(self, temperature: float = 26.9, humidity: float = 65.8) -> None:
        self.now = 1000.0
        self.air = Air(temperature, humidity)
        self.sensor = Dht22(lambda: self.now, self.air)

    def ask(self, ms: float = 1.0) -> bytes | None:
        """The five bytes; None when there was no answer."""
        self.sensor.level(0)
        self.now += ms / 1000
        self.sensor.level(1)
        widths = []
        while (width := self.sensor.pulse(1)) is not None:
            widths.append(width)
        if not widths:
            return None
        assert widths[1] == 80
        assert len(widths) == 42
        bits = [int(width > 48) for width in widths[2:]]
        return bytes(sum(bit << 7 - i for i, bit in enumerate(bits[at : at + 8])) for at in range(0, 40, 8))


@pytest.mark.parametrize(
    ("t", "h", "data"),
    [
        (26.9, 65.8, "0292010da2"),  # the worked examples of the datasheet
        (-10.1, 65.8, "0292806579"),
        (0, 0, "0000000000"),
        (200, 100, "03e703200d"),  # its limits: 80 degrees, 99.9 %
        (-90, 0, "0000819011"),
    ],
)
def test_what_it_sends(t, h, data):
    wire = Wire(t, h)
    assert wire.ask().hex() == data


def test_it_sends_the_measurement_of_the_last_time():
    wire = Wire()
    wire.air.temperature = 20
    wire.now += 3600
    assert wire.ask().hex() == "0292010da2"
    wire.now += 2.1
    wire.air.temperature = 10
    assert wire.ask().hex() == "029200c85c"
    wire.now += 1.0
    wire.air.temperature = 0
    wire.ask()  # too soon: no new measurement
    assert wire.ask().hex() == "02920064f8"


def test_a_short_low_pulse_is_no_start():
    wire = Wire()
    assert wire.ask(0.5) is None
    assert wire.ask(20) is not None


def test_a_level_that_comes_from_nowhere_is_no_start():
    wire = Wire()
    wire.sensor.level(1)
    assert wire.sensor.pulse(1) is None


def test_pulses_of_both_levels():
    wire = Wire()
    wire.sensor.level(0)
    wire.now += 0.001
    wire.sensor.level(1)
    lows = []
    while (width := wire.sensor.pulse(0)) is not None:
        lows.append(width)
    assert lows == [80] + 41 * [50]
