"""The I2C bus: who answers, and the ways in which wires fail."""

from __future__ import annotations

import errno

import pytest

from virtual_feather.chips import Chip
from virtual_feather.gpio import IN, OPEN_DRAIN, OUT, Gpio
from virtual_feather.i2c import SCL, SDA, I2cBus

_ADDRESS = 0x39


class Register(Chip):
    """Eight registers behind a pointer; writes down what it sees."""

    def __init__(self, address: int = _ADDRESS) -> None:
        self.address = address
        self.values = bytearray(range(8))
        self.pointer: int | None = None
        self.seen: list[str] = []

    def start(self, address: int, read: bool) -> bool:
        if address == self.address:
            self.seen.append("read" if read else "write")
            if not read:
                self.pointer = None
        return address == self.address

    def write(self, byte: int) -> bool:
        if self.pointer is None:
            self.pointer = byte
        elif self.pointer >= len(self.values):
            return False
        else:
            self.values[self.pointer] = byte
            self.pointer += 1
        return True

    def read(self, last: bool) -> int:
        value = self.values[self.pointer or 0]
        self.pointer = (self.pointer or 0) + 1
        self.seen.append(f"{value}{'.' if last else ''}")
        return value

    def stop(self) -> None:
        self.seen.append("stop")


class Wires:
    """A bus with one chip on it, as machine.SoftI2C uses it."""

    def __init__(self) -> None:
        self.gpio = Gpio(lambda handler, argument: None)
        self.bus = I2cBus(self.gpio)
        self.chip = Register()
        self.bus.plug(self.chip)
        self.bus.operations["i2c_init"](SCL, SDA)

    def write(self, data: bytes, stop: bool = True, address: int = _ADDRESS, pins: tuple = (SCL, SDA)) -> int:
        return self.bus.transfer(*pins, address, stop, data, None)

    def read(self, count: int, address: int = _ADDRESS) -> bytes | int:
        result = self.bus.transfer(SCL, SDA, address, True, None, bytes(count))
        return result[1] if isinstance(result, tuple) else result

    def clock(self, times: int) -> None:
        """Pulse SCL by hand, as a driver does to free a bus."""
        self.gpio.init(SCL, OPEN_DRAIN, 0, True)
        for _ in range(times):
            self.gpio.write(SCL, False)
            self.gpio.write(SCL, True)


@pytest.fixture
def wires() -> Wires:
    return Wires()


def test_write_and_read_back(wires: Wires) -> None:
    assert wires.write(b"\x02\xaa\xbb") == 3
    assert wires.write(b"\x02", stop=False) == 1
    assert wires.read(3) == b"\xaa\xbb\x04"
    assert wires.chip.seen == ["write", "stop", "write", "read", "170", "187", "4.", "stop"]


def test_bytes_that_are_not_acknowledged(wires: Wires) -> None:
    assert wires.write(b"\x06\x01\x02\x03\x04") == 3


def test_nobody_at_another_address_or_on_other_pins(wires: Wires) -> None:
    assert wires.write(b"", address=0x40) == -errno.ENODEV
    assert wires.read(1, address=0x40) == -errno.ENODEV
    wires.gpio.init(13, OUT, 0, True)
    wires.gpio.init(12, OUT, 0, True)
    assert wires.write(b"", pins=(12, 13)) == -errno.ENODEV


def test_two_chips(wires: Wires) -> None:
    other = Register(0x29)
    wires.bus.plug(wires.chip, other)
    wires.write(b"\x00\x77", address=0x29)
    assert (other.values[0], wires.chip.values[0]) == (0x77, 0)
    wires.bus.plug(other)
    assert wires.write(b"") == -errno.ENODEV, "unplugged"


def test_a_clock_line_held_low_times_out(wires: Wires) -> None:
    wires.gpio.hold(SCL, 0)
    assert wires.write(b"\x00") == -errno.ETIMEDOUT
    assert wires.bus.operations["i2c_init"](SCL, SDA) == -errno.ETIMEDOUT, "its STOP"


def test_a_pull_up_of_the_chip_serves_as_well(wires: Wires) -> None:
    pins = (13, 12)
    wires.bus.operations["i2c_init"](*pins)
    assert wires.write(b"", pins=pins) == -errno.ETIMEDOUT, "nothing pulls SCL up"
    for number in pins:
        wires.gpio.init(number, IN, 1, None)
    wires.bus.operations["i2c_init"](*pins)
    assert wires.write(b"", pins=pins) == -errno.ENODEV


def test_nack(wires: Wires) -> None:
    wires.bus.set_fault("nack")
    assert wires.write(b"\x00") == -errno.ENODEV
    wires.bus.set_fault("ok")
    assert wires.write(b"\x00") == 1


def test_stuck(wires: Wires) -> None:
    """SDA at ground: every byte looks acknowledged, every bit read is 0."""
    wires.bus.set_fault("stuck")
    assert wires.gpio.level(SDA) == 0
    assert wires.write(b"\x02\xff") == 2
    assert wires.read(2) == b"\0\0"
    assert wires.chip.values[2] == 2, "the chip has seen nothing of it"
    wires.clock(100)
    assert wires.gpio.level(SDA) == 0, "no clock mends a short"
    wires.bus.set_fault("ok")
    assert wires.gpio.level(SDA) == 1


@pytest.mark.parametrize(("clocks", "level"), [(0, 0), (8, 0), (9, 1), (20, 1)])
def test_hang_is_freed_by_nine_clocks(wires: Wires, clocks: int, level: int) -> None:
    wires.bus.set_fault("hang")
    assert wires.read(2) == b"\0\0"
    wires.clock(clocks)
    assert wires.gpio.level(SDA) == level
    assert wires.bus.fault == ("ok" if level else "hang")
    if level:
        wires.write(b"\x03", stop=False)
        assert wires.read(1) == b"\x03"


def test_garbage(wires: Wires) -> None:
    """Noise on the wire: reads are acknowledged and wrong, the chip itself is well."""
    wires.bus.set_fault("garbage")
    wires.write(b"\x00", stop=False)
    assert wires.read(64 // 8) != bytes(range(8))
    assert wires.chip.values == bytes(range(8))


def test_the_pieces_of_a_transfer(wires: Wires) -> None:
    call = wires.bus.operations
    assert call["i2c_start"](SCL, SDA) == 0
    assert call["i2c_write"](SCL, SDA, bytes((_ADDRESS << 1, 0x04))) == 2
    assert call["i2c_start"](SCL, SDA) == 0
    assert call["i2c_write"](SCL, SDA, bytes((_ADDRESS << 1 | 1,))) == 1
    assert call["i2c_read"](SCL, SDA, True, bytes(2)) == (0, b"\x04\x05")
    assert call["i2c_stop"](SCL, SDA) == 0
    assert wires.chip.seen == ["write", "read", "4", "5.", "stop"]
    assert call["i2c_write"](SCL, SDA, b"\x00") == 0, "nobody is addressed"
