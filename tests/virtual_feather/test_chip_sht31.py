"""The SHT31 of the virtual board, spoken to over its two wires."""

from __future__ import annotations

import pytest
from i2c_bench import Bench

from virtual_feather.chips.air import Air
from virtual_feather.chips.sht31 import Sht31, crc8

HIGH, MEDIUM, LOW = (0x24, 0x00), (0x24, 0x0B), (0x24, 0x16)


class Board(Bench):
    """One chip and the air around it."""

    def __init__(self, **air: float) -> None:
        super().__init__()
        self.air = Air(**air)
        self.address = 0x44
        self.chip = Sht31(self.clock, self.air)

    def values(self) -> tuple[float, float]:
        data = self.read(6)
        assert data is not None
        assert (crc8(data[:2]), crc8(data[3:5])) == (data[2], data[5])
        return -45 + 175 * int.from_bytes(data[:2], "big") / 65535, 100 * int.from_bytes(data[3:5], "big") / 65535


def test_checksum_of_the_datasheet():
    assert crc8(b"\xbe\xef") == 0x92  # 4.12


@pytest.mark.parametrize(("t", "h"), [(-45, 0), (-7.3, 61.5), (25, 50), (130, 100)])
def test_what_it_says_means_the_air(t, h):
    board = Board(temperature=t, humidity=h)
    assert board.write(*HIGH)
    board.wait_ms(16)
    assert board.values() == pytest.approx((t, h), abs=0.002)


@pytest.mark.parametrize(("command", "ms"), [(HIGH, 15.5), (MEDIUM, 6.5), (LOW, 4.5)])
def test_there_is_nothing_to_read_before_the_measurement_has_ended(command, ms):
    board = Board()
    assert board.read(6) is None
    board.write(*command)
    board.wait_ms(ms - 0.1)
    assert board.read(6) is None
    assert not board.write(*command)
    board.wait_ms(0.2)
    assert board.read(6) is not None


def test_a_measurement_is_read_once():
    board = Board()
    board.write(*HIGH)
    board.wait_ms(20)
    assert board.read(3) is not None
    assert board.read(3) is None


def test_status_tells_of_the_reset():
    board = Board()
    assert board.write(0xF3, 0x2D)
    assert board.read(3) == b"\x00\x10" + bytes((crc8(b"\x00\x10"),))
    assert board.write(0x30, 0x41)
    board.write(0xF3, 0x2D)
    assert board.read(2) == b"\0\0"
    board.write(0x30, 0xA2)
    board.write(0xF3, 0x2D)
    assert board.read(2) == b"\x00\x10"


def test_unknown_commands_are_not_acknowledged():
    board = Board()
    assert not board.write(0x12, 0x34)
    assert board.read(3) is None


def test_addresses():
    assert not Board().chip.start(0x45, read=False)
    assert Sht31(lambda: 0.0, Air(), address=0x45).start(0x45, read=False)
    with pytest.raises(ValueError, match="0x44 or 0x45"):
        Sht31(lambda: 0.0, Air(), address=0x46)
