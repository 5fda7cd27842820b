"""The BME280 and BMP280 drivers: the formulas against reference rows, and their behaviour on a chip of their own."""

import struct

from fake_bus import Bench, Registers, fails_at_any_transfer, noise, raises, refuses
from node.sensors import Unmeasurable, bme280, bmp280

# T1-T3, P1-P9, a reserved byte: of the worked example in BST-BMP280-DS001, 3.12; of a chip. H1-H6, H4 and H5 as packed.
_PRESSURE = {
    "A": (27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000, 0),
    "B": (28485, 26735, 50, 37180, -10560, 3024, 7562, -112, -7, 9900, -10230, 4285, 0),
}
_HUMIDITY = {"A": (75, 362, 0, 313, 50, 30), "B": (75, 370, 0, 305, 0, 30)}

# Calibration, raw temperature, pressure and humidity, degrees Celsius, hPa, %: by the integer formulas of
# BST-BME280-DS002, 4.2.3 (the 64-bit one for the pressure), whose own steps are 0.01 degrees and 0.001 %.
_REFERENCE = (
    ("A", 400000, 250000, 30000, -12.64, 1218.0030, 53.396),
    ("A", 400000, 330000, 30000, -12.64, 1087.4641, 53.396),
    ("A", 400000, 415148, 22000, -12.64, 949.1630, 12.396),
    ("A", 455000, 250000, 34000, 4.70, 1252.2355, 75.368),
    ("A", 455000, 330000, 26000, 4.70, 1117.7799, 32.895),
    ("A", 455000, 415148, 22000, 4.70, 975.3473, 11.458),
    ("A", 519888, 250000, 26000, 25.08, 1293.0081, 32.679),
    ("A", 519888, 330000, 22000, 25.08, 1153.8860, 10.213),
    ("A", 519888, 415148, 30000, 25.08, 1006.5325, 54.997),
    ("A", 560000, 250000, 34000, 37.63, 1318.3480, 78.199),
    ("A", 560000, 330000, 26000, 37.63, 1176.3251, 32.464),
    ("A", 560000, 415148, 34000, 37.63, 1025.9132, 78.199),
    ("A", 600000, 250000, 22000, 50.11, 1343.6659, 8.463),
    ("A", 600000, 330000, 26000, 50.11, 1198.7442, 32.193),
    ("A", 600000, 415148, 22000, 50.11, 1045.2767, 8.463),
    ("B", 400000, 250000, 26000, -17.77, 1060.6150, 33.676),
    ("B", 400000, 330000, 34000, -17.77, 934.4111, 74.799),
    ("B", 400000, 415148, 30000, -17.77, 800.5176, 54.300),
    ("B", 455000, 250000, 26000, -0.24, 1092.4551, 35.129),
    ("B", 455000, 330000, 34000, -0.24, 962.4940, 78.007),
    ("B", 455000, 415148, 26000, -0.24, 824.6271, 35.129),
    ("B", 519888, 250000, 22000, 20.44, 1130.6650, 14.146),
    ("B", 519888, 330000, 26000, 20.44, 996.2107, 36.844),
    ("B", 519888, 415148, 34000, 20.44, 853.5927, 81.788),
    ("B", 560000, 250000, 26000, 33.23, 1154.5740, 37.902),
    ("B", 560000, 330000, 26000, 33.23, 1017.3172, 37.902),
    ("B", 560000, 415148, 22000, 33.23, 871.7364, 14.555),
    ("B", 600000, 250000, 22000, 45.98, 1178.5873, 14.962),
    ("B", 600000, 330000, 26000, 45.98, 1038.5232, 38.958),
    ("B", 600000, 415148, 26000, 45.98, 889.9749, 38.958),
)


def packed(name):
    """Return a calibration's bytes in the chip: T1-H1, H2-H6."""
    h1, h2, h3, h4, h5, h6 = _HUMIDITY[name]
    low = struct.pack("<HhhHhhhhhhhhBB", *(_PRESSURE[name] + (h1,)))
    return low, struct.pack("<hBbBbb", h2, h3, h4 >> 4, h4 & 15 | (h5 & 15) << 4, h5 >> 4, h6)


def calibration(name):
    """Return a calibration as the driver unpacks it."""
    low, high = packed(name)
    return struct.unpack("<HhhHhhhhhhhhBBhBbBbb", low + high)


class Chip(Registers):
    """A BME280 that measures at once when commanded; raw values as in _REFERENCE."""

    reserved = 0  # bits of CONFIG that are always set

    def __init__(self, ident=0x60, address=0x76, raw=(519888, 415148, 30000)):
        super().__init__(address)
        low, high = packed("A")
        self.registers[0x88 : 0x88 + len(low)] = low
        if ident == 0x60:
            self.registers[0xE1 : 0xE1 + len(high)] = high
        self.registers[0xD0] = ident
        self.raw = raw
        self.lose_power()

    def lose_power(self):
        self.registers[0xF2:0xFF] = b"\0\0\0\0\0\x80\0\0\x80\0\0\x80\0"

    def put(self, register, byte):
        assert register in (0xF2, 0xF4, 0xF5), hex(register)
        if register == 0xF4 and byte & 3 in (1, 2):
            self._measure()
            self._began = self.clock.now
            byte &= ~3
        self.registers[register] = byte | (self.reserved if register == 0xF5 else 0)

    def _measure(self):
        t, p, h = self.raw
        data = (p << 4).to_bytes(3, "big") + (t << 4).to_bytes(3, "big") + h.to_bytes(2, "big")
        self.registers[0xF7:0xFF] = data

    def read(self, count):
        if self._pointer == 0xF7:
            assert self.clock.now - self._began >= 46.1, "read before the measurement ended"
        return super().read(count)


def agrees(value, expected):
    """Compare with the rows, to half of their steps plus the rounding of the integer formulas."""
    return all(abs(a - b) <= limit for a, b, limit in zip(value, expected, (0.006, 0.01, 0.02)))


def test_formulas_agree_with_reference():
    for name, t, p, h, *expected in _REFERENCE:
        value = bme280.compensate(calibration(name), (t, p, h))
        assert agrees(value, expected), (name, t, p, h, value, expected)


def test_worked_example_of_the_datasheet():
    t, p, _ = bme280.compensate(calibration("A"), (519888, 415148, 30000))
    assert "%.2f %.4f" % (t, p) == "25.08 1006.5327"


class Short:
    """A float of the ESP8266 port: 32 bits, of which the last two are cut off."""

    def __init__(self, value):
        (bits,) = struct.unpack("<I", struct.pack("<f", value))
        (self.value,) = struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFC))

    def __add__(self, other):
        return Short(self.value + plain(other))

    def __sub__(self, other):
        return Short(self.value - plain(other))

    def __rsub__(self, other):
        return Short(other - self.value)

    def __mul__(self, other):
        return Short(self.value * plain(other))

    def __truediv__(self, other):
        return Short(self.value / plain(other))

    def __rtruediv__(self, other):
        return Short(other / self.value)

    def __lt__(self, other):
        return self.value < plain(other)

    def __gt__(self, other):
        return self.value > plain(other)

    __radd__ = __add__
    __rmul__ = __mul__


def plain(value):
    return value.value if isinstance(value, Short) else value


def test_formulas_agree_with_the_short_floats_of_the_board():
    for name, t, p, h, *expected in _REFERENCE:
        value = [plain(v) for v in bme280.compensate(calibration(name), (Short(t), Short(p), Short(h)))]
        assert agrees(value, expected), (name, t, p, h, value, expected)


# On the bus.


def test_reading():
    value = Bench(bme280, Chip()).read()
    assert agrees(value, (25.08, 1006.5325, 54.997)), value
    assert len(value) == len(bme280.Sensor.quantities)


def test_bmp280_has_no_humidity():
    bench = Bench(bme280, Chip(0x58), bmp280.Sensor)
    assert agrees(bench.read(), (25.08, 1006.5325))
    assert bench.sensor.quantities == (("temperature", 2), ("pressure", 2))


def test_clones_and_neighbours():
    """For each ID: what the BME280 driver and the BMP280 driver say."""
    bme = "not a BMP280: ID 0x60 is a BME280: set driver to bme280"
    bmp = "not a BME280: ID 0x58 is a BMP280: set driver to bmp280"
    for ident, as_bme280, as_bmp280 in (
        (0x60, None, bme),
        (0x58, bmp, None),
        (0x57, bmp, None),  # early samples
        (0x56, bmp, None),
        (0x55, "not a BME280: ID 0x55", "not a BMP280: ID 0x55"),  # BMP180
        (0x61, "not a BME280: ID 0x61", "not a BMP280: ID 0x61"),  # BME680
        (0xFF, "not a BME280: ID 0xff", "not a BMP280: ID 0xff"),
    ):
        for sensor, told in ((bme280.Sensor, as_bme280), (bmp280.Sensor, as_bmp280)):
            chip = Chip(ident)
            if ident == 0x60:
                chip.reserved = 0xE2  # bits of the configuration that have no effect
            bench = Bench(bme280, chip, sensor)
            if told:
                assert str(raises(Unmeasurable, bench.read)) == told
            else:
                assert agrees(bench.read(), (25.08, 1006.5325))


def test_addresses():
    assert Bench(bme280, Chip()).sensor.address == 0x76
    assert Bench(bme280, Chip(address=0x77), address=0x77).read()
    raises(OSError, Bench(bme280, Chip(address=0x77)).read)


def test_one_short_transfer_at_a_time():
    bench = Bench(bme280, Chip())
    bench.read()
    assert bench.clock.most_transfers == 1
    assert bench.bus.longest <= 27  # of nine clocks each: 2.6 ms with the write before it
    assert bench.clock.now <= 60


def test_no_answer_at_any_transfer():
    # Ten registers, one transfer each to write and two to read.
    assert fails_at_any_transfer(Bench(bme280, Chip())) >= 15


def test_bus_held_low_is_no_answer():
    bench = Bench(bme280, Chip())
    bench.bus.held_low = True
    raises(OSError, bench.read)


def test_garbage_on_the_bus_is_no_number():
    bench = Bench(bme280, Chip())
    bench.bus.corrupt = noise()
    refuses(bench, 1000)
    bench.bus.corrupt = None
    assert bench.read()


def test_power_lost_while_measuring_is_no_number():
    chip = Chip()
    bench = Bench(bme280, chip)
    sleep_ms = bench.clock.sleep_ms

    async def brown_out(ms):
        if ms:
            chip.lose_power()
        await sleep_ms(ms)

    bench.clock.sleep_ms = brown_out
    assert str(raises(Unmeasurable, bench.read)) == "registers read back wrong"
    bench.clock.sleep_ms = sleep_ms
    assert bench.read()


def test_values_out_of_range_are_no_number():
    for raw in ((519888, 100, 30000), (100, 415148, 30000), (0xFFFFF, 415148, 30000)):
        assert str(raises(Unmeasurable, Bench(bme280, Chip(raw=raw)).read)) == "impossible values"


def test_a_calibration_of_zeros_is_no_number():
    chip = Chip()
    chip.registers[0x88:0xA2] = bytes(26)
    assert str(raises(Unmeasurable, Bench(bme280, chip).read)) == "impossible values"


def test_humidity_is_kept_within_its_limits():
    assert Bench(bme280, Chip(raw=(519888, 415148, 0xFFFF))).read()[2] == 100
    assert Bench(bme280, Chip(raw=(519888, 415148, 0))).read()[2] == 0
