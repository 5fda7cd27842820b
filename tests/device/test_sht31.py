"""The SHT31 driver: the datasheet's rows, and its behaviour on a chip of its own."""

from fake_bus import Bench, Chip, fails_at_any_transfer, noise, raises, refuses
from node.sensors import Unmeasurable, sht31
from node.sensors.sht31 import crc8

# Words of temperature and humidity, degrees Celsius, %: -45 + 175 S / 65535, 100 S / 65535 (SHT3x-DIS, 4.13), exactly.
_REFERENCE = (
    (0x0000, 0x0000, -45.0, 0.0),
    (0xFFFF, 0xFFFF, 130.0, 100.0),
    (0x6666, 0x8000, 25.0, 50.000763),
    (0x5EB9, 0x6666, 19.752804, 40.0),
    (0x3333, 0xCCCC, -10.0, 80.0),
    (0xBEEF, 0xBEEF, 85.523003, 74.584573),
)


class Sht31(Chip):
    """One measurement at a time, which can be read once, 15.5 ms later."""

    def __init__(self, t=0x6666, h=0x8000, address=0x44):
        self.address = address
        self.words = t, h
        self._began = None

    def write(self, data):
        assert data == b"\x24\x00", data
        self._began = self.clock.now

    def lose_power(self):
        self._began = None

    def read(self, count):
        assert count == 6
        if self._began is None or self.clock.now - self._began < 15.5:
            raise OSError(19)
        self._began = None
        data = b""
        for word in self.words:
            word = word.to_bytes(2, "big")
            data += word + bytes((bitwise_crc(word),))
        return data


def bitwise_crc(data):
    """The checksum as a division of polynomials by x8 + x5 + x4 + 1; starting from 0xFF inverts the first byte."""
    number = (data[0] ^ 0xFF) << 16 | data[1] << 8
    for shift in range(15, -1, -1):
        if number & 0x100 << shift:
            number ^= 0x131 << shift
    return number


def test_checksum_of_the_datasheet():
    assert crc8(b"\xbe\xef") == bitwise_crc(b"\xbe\xef") == 0x92  # 4.12


def test_checksums_of_all_kinds():
    for word in range(0, 65536, 41):
        data = word.to_bytes(2, "big")
        assert crc8(data) == bitwise_crc(data), word


def test_reference():
    for t, h, celsius, percent in _REFERENCE:
        value = Bench(sht31, Sht31(t, h)).read()
        assert abs(value[0] - celsius) < 0.0001 and abs(value[1] - percent) < 0.0001, value


def test_addresses():
    assert Bench(sht31, Sht31()).sensor.address == 0x44
    assert Bench(sht31, Sht31(address=0x45), address=0x45).read()
    raises(OSError, Bench(sht31, Sht31(address=0x45)).read)


def test_one_short_transfer_at_a_time():
    bench = Bench(sht31, Sht31())
    bench.read()
    assert bench.clock.most_transfers == 1
    assert bench.bus.longest <= 7
    assert bench.clock.now <= 20


def test_no_answer_at_any_transfer():
    assert fails_at_any_transfer(Bench(sht31, Sht31())) == 2


def test_a_command_that_is_cut_short_is_no_answer():
    bench = Bench(sht31, Sht31())
    bench.bus.writeto = lambda address, data: 1
    raises(OSError, bench.read)


def test_bus_held_low_is_no_answer():
    bench = Bench(sht31, Sht31())
    bench.bus.held_low = True
    raises(OSError, bench.read)


def test_a_wrong_bit_is_no_number():
    bench = Bench(sht31, Sht31())
    for bit in range(48):

        def corrupt(data):
            data[bit // 8] ^= 1 << bit % 8

        bench.bus.corrupt = corrupt
        assert str(raises(Unmeasurable, bench.read)) == "checksum is wrong"
    bench.bus.corrupt = None
    assert bench.read()


def test_garbage_on_the_bus_is_no_number():
    bench = Bench(sht31, Sht31())
    bench.bus.corrupt = noise()
    refuses(bench, 1000)


def test_power_lost_while_measuring_is_no_answer():
    chip = Sht31()
    bench = Bench(sht31, chip)
    sleep_ms = bench.clock.sleep_ms

    async def brown_out(ms):
        if ms:
            chip.lose_power()
        await sleep_ms(ms)

    bench.clock.sleep_ms = brown_out
    raises(OSError, bench.read)
    bench.clock.sleep_ms = sleep_ms
    assert bench.read()
