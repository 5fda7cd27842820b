"""The BME280 and BMP280 of the virtual board, spoken to over their two wires."""

from __future__ import annotations

import struct

import pytest
from i2c_bench import Bench

from virtual_feather.chips.air import Air
from virtual_feather.chips.bme280 import Bme280, Calibration

ID, RESET, CTRL_HUM, STATUS, CTRL_MEAS, CONFIG, DATA = 0xD0, 0xE0, 0xF2, 0xF3, 0xF4, 0xF5, 0xF7
FORCED_X1, NORMAL_X1 = 0x25, 0x27
MEASURING = 0x08


class Board(Bench):
    """One chip and the air around it."""

    def __init__(self, kind: str = "BME280", **air: float) -> None:
        super().__init__()
        self.air = Air(**air)
        self.address = 0x76
        self.chip = Bme280(self.clock, self.air, kind=kind)

    def raw(self) -> tuple[int, int, int]:
        """Temperature, pressure, humidity."""
        data = self.get(DATA, 8)
        p, t, h = (int.from_bytes(part, "big") for part in (data[:3], data[3:6], data[6:]))
        return t >> 4, p >> 4, h

    def values(self) -> tuple[float, float, float]:
        """The chip's degrees Celsius, hPa, %, by the formulas in floating point (BST-BME280-DS002, 8.1)."""
        t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9 = struct.unpack("<Hhh Hhhhhhhhh", self.get(0x88, 24))
        (h1,) = self.get(0xA1)
        h2, h3, e4, e5, e6, h6 = struct.unpack("<hBbBbb", self.get(0xE1, 7))
        h4, h5 = e4 << 4 | e5 & 0x0F, e6 << 4 | e5 >> 4
        raw_t, raw_p, raw_h = self.raw()
        fine = (raw_t / 16384 - t1 / 1024) * t2 + (raw_t / 131072 - t1 / 8192) ** 2 * t3
        var1 = fine / 2 - 64000
        var2 = (var1**2 * p6 / 32768 + var1 * p5 * 2) / 4 + p4 * 65536
        var1 = (1 + (p3 * var1**2 / 524288 + p2 * var1) / 524288 / 32768) * p1
        p = (1048576 - raw_p - var2 / 4096) * 6250 / var1
        p += (p9 * p**2 / 2147483648 + p * p8 / 32768 + p7) / 16
        h = fine - 76800
        h = (raw_h - (h4 * 64 + h5 / 16384 * h)) * (h2 / 65536 * (1 + h6 / 67108864 * h * (1 + h3 / 67108864 * h)))
        return fine / 5120, p / 100, h * (1 - h1 * h / 524288)

    def measure(self) -> None:
        self.write(CTRL_HUM, 1, CTRL_MEAS, FORCED_X1)
        self.wait_ms(9.4)


def test_worked_example_of_the_datasheet():
    calibration = Calibration()  # BST-BMP280-DS001, 3.12
    fine = calibration.fine(519888)
    assert fine == 128422
    assert calibration.celsius(519888) == 25.08
    assert calibration.hectopascal(415148, fine) == pytest.approx(1006.5327, abs=0.0002)


@pytest.mark.parametrize("t", [-40, -7.3, 0, 21, 25.08, 60, 85])
@pytest.mark.parametrize(("p", "h"), [(300, 5), (987.65, 61.5), (1100, 95)])
def test_what_it_says_means_the_air(t, p, h):
    board = Board(temperature=t, pressure=p, humidity=h)
    board.measure()
    values = board.values()
    assert values[0] == pytest.approx(t, abs=0.01)
    assert values[1] == pytest.approx(p, abs=0.02)
    assert values[2] == pytest.approx(h, abs=0.05)


def test_identities():
    assert Board().get(ID) == b"\x60"
    assert Board("BMP280").get(ID) == b"\x58"


def test_after_power_on_there_is_no_measurement():
    board = Board()
    board.wait_ms(1000)
    assert board.raw() == (0x80000, 0x80000, 0x8000)
    assert board.get(CTRL_HUM, 4) == bytes(4)


def test_a_forced_measurement_takes_its_time_then_the_chip_sleeps():
    board = Board()
    board.write(CTRL_HUM, 1, CTRL_MEAS, FORCED_X1)
    board.wait_ms(9.2)
    assert board.get(STATUS)[0] & MEASURING
    assert board.raw() == (0x80000, 0x80000, 0x8000)
    board.wait_ms(0.2)
    assert not board.get(STATUS)[0] & MEASURING
    assert board.raw()[0] != 0x80000
    assert board.get(CTRL_MEAS)[0] == FORCED_X1 & ~3
    before = board.raw()
    board.air.temperature = 30
    board.wait_ms(1000)
    assert board.raw() == before


def test_humidity_counts_from_the_next_control_of_the_measurement():
    board = Board()
    board.write(CTRL_MEAS, FORCED_X1)
    board.write(CTRL_HUM, 1)
    board.wait_ms(20)
    assert board.raw()[2] == 0x8000
    board.measure()
    assert board.raw()[2] != 0x8000


def test_what_is_not_sampled_is_skipped():
    board = Board()
    board.write(CTRL_MEAS, 0x21)  # temperature alone
    board.wait_ms(4)
    t, p, h = board.raw()
    assert t != 0x80000
    assert (p, h) == (0x80000, 0x8000)


def test_normal_mode_goes_on():
    board = Board()
    board.write(CONFIG, 0x80, CTRL_HUM, 1, CTRL_MEAS, NORMAL_X1)  # standby 500 ms
    board.wait_ms(10)
    first = board.raw()
    board.air.temperature = 30
    board.wait_ms(490)
    assert board.raw() == first
    board.wait_ms(30)
    assert board.raw()[0] > first[0]
    assert board.get(CTRL_MEAS)[0] & 3 == 3


def test_reset():
    board = Board()
    board.measure()
    board.write(RESET, 0x00)
    assert board.raw()[0] != 0x80000
    board.write(RESET, 0xB6)
    assert board.raw()[0] == 0x80000
    assert board.get(CTRL_MEAS) == b"\0"


def test_calibration_and_identity_cannot_be_written():
    board = Board()
    before = board.get(0x88, 26)
    board.write(0x88, 0xFF, ID, 0x00)
    assert board.get(0x88, 26) == before
    assert board.get(ID) == b"\x60"


def test_the_bmp280_knows_no_humidity():
    board = Board("BMP280")
    board.write(CTRL_HUM, 1, CTRL_MEAS, FORCED_X1)
    board.wait_ms(20)
    assert board.get(CTRL_HUM) == b"\0"
    assert board.get(0xE1, 7) == bytes(7)
    assert board.get(DATA, 8)[6:] == b"\0\0"


def test_addresses():
    assert not Board().chip.start(0x77, read=False)
    assert Bme280(lambda: 0.0, Air(), address=0x77).start(0x77, read=False)
    with pytest.raises(ValueError, match="0x76 or 0x77"):
        Bme280(lambda: 0.0, Air(), address=0x78)
