"""The BH1750 of the virtual board, spoken to over its two wires."""

from __future__ import annotations

import pytest
from i2c_bench import Bench

from virtual_feather.chips.bh1750 import Bh1750
from virtual_feather.chips.light import Light

DOWN, ON, RESET, CONTINUOUS, ONCE, ONCE_FINE, ONCE_COARSE = 0x00, 0x01, 0x07, 0x10, 0x20, 0x21, 0x23


class Board(Bench):
    """One chip and the light on it."""

    def __init__(self, lux: float = 0.0) -> None:
        super().__init__()
        self.light = Light(self.clock, lux)
        self.address = 0x23
        self.chip = Bh1750(self.clock, self.light)

    def counts(self) -> int:
        return int.from_bytes(self.read(2), "big")

    def measure(self, command: int = ONCE, ms: float = 181) -> int:
        self.write(command)
        self.wait_ms(ms)
        return self.counts()


def test_worked_example_of_the_datasheet():
    assert Board(28067).measure() == pytest.approx(0x8390, abs=1)


@pytest.mark.parametrize(("lux", "counts"), [(0, 0), (1, 1), (10, 12), (250, 300), (54612, 65534), (60000, 65535)])
def test_counts(lux, counts):
    assert Board(lux).measure() == counts


def test_the_fine_mode_counts_twice_as_much():
    assert Board(250).measure(ONCE_FINE) == 600


@pytest.mark.parametrize(("mtreg", "factor"), [(31, 31 / 69), (138, 2), (254, 254 / 69)])
def test_integration_time(mtreg, factor):
    board = Board(1000)
    board.write(0x40 | mtreg >> 5)
    board.write(0x60 | mtreg & 31)
    board.write(ONCE)
    board.wait_ms(180 * factor - 1)
    assert board.counts() == 0
    board.wait_ms(2)
    assert board.counts() == round(1200 * factor)


def test_a_measurement_takes_its_time_and_powers_down():
    board = Board(100)
    assert board.measure(ONCE, 179) == 0
    board.wait_ms(2)
    assert board.counts() == 120
    board.light.set(200)
    board.wait_ms(1000)
    assert board.counts() == 120
    board.write(RESET)  # not while powered down
    assert board.counts() == 120
    board.write(ON)
    board.write(RESET)
    assert board.counts() == 0


def test_continuous_measurement():
    board = Board(100)
    assert board.measure(CONTINUOUS) == 120
    board.light.set(200)
    board.wait_ms(360)
    assert board.counts() == 240
    board.write(DOWN)
    board.light.set(300)
    board.wait_ms(360)
    assert board.counts() == 240


def test_light_is_integrated():
    board = Board(100)
    board.write(ONCE)
    board.wait_ms(90)
    board.light.set(200)
    board.wait_ms(91)
    assert board.counts() == pytest.approx(180, abs=1)


def test_coarse_mode_is_fast():
    assert Board(100).measure(ONCE_COARSE, 25) == 120


def test_addresses():
    assert not Board().chip.start(0x5C, read=False)
    assert Bh1750(lambda: 0.0, Light(lambda: 0.0), address=0x5C).start(0x5C, read=False)
    with pytest.raises(ValueError, match="0x23 or 0x5C"):
        Bh1750(lambda: 0.0, Light(lambda: 0.0), address=0x24)
