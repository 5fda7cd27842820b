"""The I2C bus: which chip answers, and the ways in which wires fail."""

from __future__ import annotations

import pytest

from virtual_feather.chips import Chip
from virtual_feather.gpio import Gpio
from virtual_feather.i2c import FAULTS, SCL, SDA, I2cBus
from virtual_feather.processor.page import Page

_ADDRESS = 0x39


class Register(Chip):
    """Eight registers behind a pointer; keeps a log of the calls."""

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

    def read(self) -> int:
        value = self.values[self.pointer or 0]
        self.pointer = (self.pointer or 0) + 1
        self.seen.append(str(value))
        return value

    def stop(self) -> None:
        self.seen.append("stop")


class Wires:
    """A bus with one chip, driven byte by byte, as the processor decodes them."""

    def __init__(self) -> None:
        self.page = Page()
        self.gpio = Gpio(self.page, lambda: None)
        self.bus = I2cBus(self.page, self.gpio)
        self.chip = Register()
        self.bus.plug(self.chip)

    def ask(self, kind: str, data: bytes = b"") -> int:
        return self.bus.handlers[kind](data)

    def start(self, address: int = _ADDRESS, read: bool = False) -> bool:
        return bool(self.ask("S", bytes((address << 1 | read,))))

    def write(self, *data: int) -> int:
        """How many bytes were acknowledged."""
        return sum(bool(self.ask("w", bytes((byte,)))) for byte in data)

    def clock(self, times: int) -> None:
        """Pulse SCL, as a driver does to free a bus."""
        for _ in range(times):
            for low in (1 << SCL, 0):
                self.page.pads_low = low
                self.gpio.settle()


@pytest.fixture
def wires() -> Wires:
    return Wires()


def test_the_chip_that_acknowledges_its_address_is_meant_until_stop(wires: Wires) -> None:
    wires.bus.plug(wires.chip, Register(0x40))
    assert wires.start() and wires.write(3, 0xAA) == 2
    assert wires.start(read=True)
    assert wires.ask("r") == 4
    wires.ask("O")
    assert wires.chip.values[3] == 0xAA
    assert wires.chip.seen == ["write", "read", "4", "stop"]
    assert wires.write(0) == 0, "nobody is meant any more"


def test_nobody_there_is_not_acknowledged_and_reads_as_ones(wires: Wires) -> None:
    assert not wires.start(0x11)
    assert wires.write(1) == 0
    assert wires.ask("r") == 0xFF


def test_a_byte_that_the_chip_refuses_is_not_acknowledged(wires: Wires) -> None:
    wires.start()
    assert wires.write(7, 1, 2) == 2


def test_an_unplugged_chip_does_not_answer(wires: Wires) -> None:
    wires.bus.set_fault("nack")
    assert not wires.start()
    wires.bus.set_fault("ok")
    assert wires.start()


def test_garbage_is_noise(wires: Wires) -> None:
    wires.bus.set_fault("garbage")
    wires.start()
    assert len({wires.ask("r") for _ in range(7)}) > 2


@pytest.mark.parametrize("fault", FAULTS)
def test_wires_held_low(wires: Wires, fault: str) -> None:
    wires.bus.set_fault(fault)
    assert wires.gpio.level(SDA) == (fault not in ("stuck", "hang"))
    wires.bus.set_fault("ok")
    assert wires.gpio.level(SDA) == 1


def test_nine_clocks_free_a_chip_that_hangs(wires: Wires) -> None:
    assert not wires.page.heard >> SCL & 1
    wires.bus.set_fault("hang")
    assert wires.page.heard >> SCL & 1, "the clocks have to be counted"
    wires.clock(8)
    assert wires.gpio.level(SDA) == 0
    wires.clock(1)
    assert wires.gpio.level(SDA) == 1 and wires.bus.fault == "ok"
    assert not wires.page.heard >> SCL & 1
