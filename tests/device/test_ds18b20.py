"""The DS18B20 driver: the datasheet's rows, and its behaviour on wires with chips of their own."""

import asyncio
import sys
from binascii import hexlify

from fake_bus import Clock, noise, raises, refuses
from node.sensors import Unmeasurable, ds18b20

# Temperature register, degrees Celsius (DS18B20, table 1).
_REFERENCE = (
    (0x07D0, 125.0),
    (0x0550, 85.0),
    (0x0191, 25.0625),
    (0x00A2, 10.125),
    (0x0008, 0.5),
    (0x0000, 0.0),
    (0xFFF8, -0.5),
    (0xFF5E, -10.125),
    (0xFE6F, -25.0625),
    (0xFC90, -55.0),
)


def crc8(data):
    """The checksum as a shift register, bit by bit: x8 + x5 + x4 + 1 (figure 11)."""
    register = 0
    for byte in data:
        for i in range(8):
            feedback = (register ^ byte >> i) & 1
            register >>= 1
            if feedback:
                register ^= 0x8C
    return register


class Chip:
    """One DS18B20, byte by byte."""

    def __init__(self, raw=0x0191, serial=1, family=0x28, kept=0xFF, fixed=0):
        """kept, fixed: bits of the configuration that can be written, and bits that are always set."""
        rom = bytes((family,)) + serial.to_bytes(6, "little")
        self.rom = rom + bytes((crc8(rom),))
        self.raw = raw
        self.kept, self.fixed = kept, fixed
        self.power_on()

    def power_on(self):
        self.scratchpad = bytearray(b"\x50\x05\x4b\x46\x7f\xff\x0c\x10")
        self.reset()

    def reset(self):
        self._address = None  # the ROM code received so far
        self._command = None
        self._out = self._in = b""

    def write(self, byte, clock):
        if self._address is None:
            assert byte in (0xCC, 0x55, 0x33), hex(byte)
            self._address = b"" if byte == 0x55 else self.rom
            if byte == 0x33:
                self._out = self.rom
        elif len(self._address) < 8:
            self._address += bytes((byte,))
        elif self._address == self.rom:
            self._act(byte, clock)

    def _act(self, byte, clock):
        if self._command is None:
            self._command = byte
            if byte == 0x44:
                self._converted = clock.now + 750
                self.scratchpad[:2] = self.raw.to_bytes(2, "little")
            elif byte == 0xBE:
                assert clock.now >= self._converted, "read before it ended"
                self._out = bytes(self.scratchpad) + bytes((crc8(self.scratchpad),))
        elif self._command == 0x4E:
            self._in += bytes((byte,))
            self.scratchpad[2 : 2 + len(self._in)] = self._in
            if len(self._in) == 3:
                self.scratchpad[4] = byte & self.kept | self.fixed

    def read(self):
        byte, self._out = (self._out[0], self._out[1:]) if self._out else (0xFF, b"")
        return byte


class Wire:
    """The part of the images' onewire.OneWire that the driver uses, with `chips` on it.

    shorted: to GND. fail_at: no chip answers the n-th reset from now. corrupt(bytearray): changes the bytes read.
    """

    crc8 = staticmethod(crc8)

    def __init__(self, chips, clock):
        self.chips = chips
        self.clock = clock
        self.shorted = False
        self.fail_at = 0
        self.corrupt = None

    def reset(self):
        self.clock.transfer()
        for chip in self.chips:
            chip.reset()
        self.fail_at -= 1
        return self.shorted or bool(self.chips) and self.fail_at != 0

    def writebyte(self, byte):
        self.clock.transfer()
        for chip in self.chips:
            chip.write(byte, self.clock)

    def readbyte(self):
        self.clock.transfer()
        byte = bytearray((0 if self.shorted else 0xFF,))
        for chip in self.chips:
            byte[0] &= chip.read()
        if self.corrupt:
            self.corrupt(byte)
        return byte[0]


class onewire:
    """The module."""

    OneWire = None


sys.modules["onewire"] = onewire


class Hurried(Clock):
    """A second takes 10 ms, in which other coroutines run."""

    async def sleep_ms(self, ms):
        await super().sleep_ms(ms)
        await asyncio.sleep_ms(-(-ms // 100))


class Bench:
    """A wire with these chips, and the sensor for the chip `rom`."""

    def __init__(self, *chips, rom=None, clock=None):
        self.clock = ds18b20.asyncio = clock or Clock()
        self.wire = Wire(chips, self.clock)
        onewire.OneWire = lambda pin: self.wire
        self.sensor = self.other(rom)

    def other(self, rom):
        """Return another sensor on the same wire."""
        return ds18b20.Sensor(None, {"pin": 14, "rom": rom})

    def read(self):
        return asyncio.run(self.sensor.read())[0]


def rom(chip):
    """Return the chip's ROM code as people write it."""
    return hexlify(chip.rom).decode()


def test_reference():
    for raw, celsius in _REFERENCE:
        assert Bench(Chip(raw)).read() == celsius


def test_one_byte_at_a_time():
    bench = Bench(Chip())
    bench.read()
    assert bench.clock.most_transfers == 1
    assert 750 <= bench.clock.now <= 800


def test_one_of_several_is_meant_by_its_rom():
    one, two = Chip(0x0191, 1), Chip(0xFF5E, 2)
    assert Bench(one, two, rom=rom(one)).read() == 25.0625
    assert Bench(one, two, rom=rom(two).upper()).read() == -10.125


def test_several_without_a_rom_are_no_number():
    error = raises(Unmeasurable, Bench(Chip(0x0191, 1), Chip(0xFF5E, 2)).read)
    assert str(error) == "checksum is wrong: if several share the wire, give each its rom"


def test_a_rom_with_a_wrong_digit_is_told():
    assert str(raises(Unmeasurable, Bench(Chip(), rom="2801000000000011").read)) == "rom is mistyped"


def test_clones_and_neighbours():
    """For each configuration and family: the driver's answer."""
    for kept, fixed, family, told in (
        (0x60, 0, 0x28, None),  # reserved bits read as zeros
        (0x60, 0x1F, 0x28, None),
        (0xFF, 0x80, 0x28, None),  # all of them as ones
        (0, 0x7F, 0x28, None),  # 12 bits, whatever is written
        (0xFF, 0, 0x22, None),  # DS1822
        (0, 0x1F, 0x28, "it lost power while measuring"),  # 9 bits
        (0, 0x5F, 0x28, "it lost power while measuring"),
        (0, 0xFF, 0x10, "not a DS18B20: family 0x10"),  # DS18S20: half degrees
        (0, 0xFF, 0x3B, "not a DS18B20: family 0x3b"),  # MAX31850: a thermocouple
        (0, 0xFF, 0x01, "not a DS18B20: family 0x01"),  # a serial number
    ):
        for called in (False, True):
            chip = Chip(kept=kept, fixed=fixed, family=family)
            bench = Bench(chip, rom=rom(chip) if called else None)
            if told:
                assert str(raises(Unmeasurable, bench.read)) == told, (kept, fixed, family)
            else:
                assert bench.read() == 25.0625, (kept, fixed, family)
    for raw in (0x07D1, 0x7FFF, 0x8000, 0xFC8F):
        assert str(raises(Unmeasurable, Bench(Chip(raw)).read)) == "impossible values", raw


def test_the_one_that_is_meant_is_not_there():
    raises(OSError, Bench(Chip(serial=1), rom=rom(Chip(serial=2))).read)


def test_nobody_there_then_recovery():
    bench = Bench(Chip())
    chips, bench.wire.chips = bench.wire.chips, ()
    raises(OSError, bench.read)
    bench.wire.chips = chips
    assert bench.read() == 25.0625


def test_no_presence_at_any_reset():
    bench = Bench(Chip())
    for n in range(1, 5):
        bench.wire.fail_at = n
        raises(OSError, bench.read)
    bench.wire.fail_at = 5
    assert bench.read() == 25.0625


def test_wire_shorted_to_ground_is_no_answer():
    bench = Bench(Chip())
    bench.wire.shorted = True
    raises(OSError, bench.read)


def test_a_wrong_bit_is_no_number():
    bench = Bench(Chip())
    for bit in range(64 + 72):
        left = bit

        def corrupt(data):
            nonlocal left
            if 0 <= left < 8:
                data[0] ^= 1 << left
            left -= 8

        bench.wire.corrupt = corrupt
        assert str(raises(Unmeasurable, bench.read)).startswith("checksum is wrong")


def test_noise_is_no_number():
    bench = Bench(Chip())
    bench.wire.corrupt = noise()
    refuses(bench, 1000)


def test_power_lost_while_measuring_is_not_85_degrees():
    chip = Chip()
    bench = Bench(chip)
    sleep_ms = bench.clock.sleep_ms

    async def brown_out(ms):
        if ms:
            chip.power_on()
        await sleep_ms(ms)

    bench.clock.sleep_ms = brown_out
    assert str(raises(Unmeasurable, bench.read)) == "it lost power while measuring"
    bench.clock.sleep_ms = sleep_ms
    assert bench.read() == 25.0625


async def test_two_on_a_wire_read_one_after_the_other():
    """As sensors.run() reads them, which waits for each."""
    one, two = Chip(0x0191, 1), Chip(0xFF5E, 2)
    bench = Bench(one, two, rom=rom(one), clock=Hurried())
    values = []
    for sensor in (bench.sensor, bench.other(rom(two)), bench.sensor):
        values.append(await sensor.read())
    assert values == [(25.0625,), (-10.125,), (25.0625,)], values


async def test_a_reading_that_is_cancelled_leaves_the_wire_to_others():
    bench = Bench(Chip(), clock=Hurried())
    task = asyncio.create_task(bench.sensor.read())
    await asyncio.sleep_ms(2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await asyncio.wait_for(bench.sensor.read(), 2) == (25.0625,)
