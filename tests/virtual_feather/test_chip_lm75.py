"""The LM75 of the virtual board, spoken to over its two wires."""

from __future__ import annotations

import pytest
from i2c_bench import Bench

from virtual_feather.chips.air import Air
from virtual_feather.chips.lm75 import Lm75

TEMPERATURE, CONFIGURATION, HYSTERESIS, LIMIT = range(4)


class Board(Bench):
    """One chip and the air around it."""

    def __init__(self, temperature: float = 21.0) -> None:
        super().__init__()
        self.air = Air(temperature)
        self.address = 0x48
        self.chip = Lm75(self.clock, self.air)


@pytest.mark.parametrize(
    ("celsius", "eleven_bits"),  # table 9 of the datasheet
    [(127, 0x3E8), (125, 0x3E8), (25, 0x0C8), (0.125, 0x001), (0, 0), (-0.125, 0x7FF), (-25, 0x738), (-55, 0x648)],
)
def test_temperatures_of_the_datasheet(celsius, eleven_bits):
    assert int.from_bytes(Board(celsius).get(TEMPERATURE, 2), "big") == eleven_bits << 5


def test_registers_after_power_on():
    board = Board()
    assert board.get(CONFIGURATION) == b"\0"
    assert board.get(HYSTERESIS, 2) == b"\x4b\0"
    assert board.get(LIMIT, 2) == b"\x50\0"


def test_registers_keep_what_is_written_but_for_the_temperature():
    board = Board(0)
    assert board.write(LIMIT, 0x32, 0x80)
    assert board.get(LIMIT, 2) == b"\x32\x80"
    board.write(TEMPERATURE, 0x32, 0x80)
    assert board.get(TEMPERATURE, 2) == b"\0\0"


def test_the_register_stays_selected():
    board = Board(25)
    board.get(TEMPERATURE, 2)
    board.air.temperature = 0
    assert board.read(2) == b"\0\0"


def test_shut_down_it_measures_nothing():
    board = Board(25)
    board.get(TEMPERATURE, 2)
    board.write(CONFIGURATION, 1)
    board.air.temperature = 0
    assert board.get(TEMPERATURE, 2) == b"\x19\0"


def test_addresses():
    assert not Board().chip.start(0x49, read=False)
    assert Lm75(lambda: 0.0, Air(), address=0x4F).start(0x4F, read=False)
    with pytest.raises(ValueError, match="0x48 to 0x4F"):
        Lm75(lambda: 0.0, Air(), address=0x50)
