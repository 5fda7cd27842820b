"""The DS18B20 of the virtual board, bit by bit."""

from __future__ import annotations

import pytest

from virtual_feather.chips.air import Air
from virtual_feather.chips.ds18b20 import Ds18b20, crc8, rom_code

SEARCH, READ_ROM, MATCH, SKIP = 0xF0, 0x33, 0x55, 0xCC
CONVERT, WRITE, READ, COPY, RECALL, POWER = 0x44, 0x4E, 0xBE, 0x48, 0xB8, 0xB4
# Degrees Celsius, temperature register (table 1).
TABLE = [
    (125, 0x07D0),
    (85, 0x0550),
    (25.0625, 0x0191),
    (10.125, 0x00A2),
    (0.5, 0x0008),
    (0, 0x0000),
    (-0.5, 0xFFF8),
    (-10.125, 0xFF5E),
    (-25.0625, 0xFE6F),
    (-55, 0xFC90),
]


class Wire:
    """Chips on one wire, and a controller."""

    def __init__(self, *serials: int, temperature: float = 21.0) -> None:
        self.now = 1000.0
        self.air = Air(temperature)
        self.chips = [Ds18b20(lambda: self.now, self.air, serial=serial) for serial in serials or (1,)]

    def reset(self) -> None:
        for chip in self.chips:
            chip.reset()

    def bit(self) -> int:
        return min([chip.read() for chip in self.chips])

    def send_bit(self, bit: int) -> None:
        for chip in self.chips:
            chip.write(bit)

    def send(self, *data: int) -> None:
        for byte in data:
            for i in range(8):
                self.send_bit(byte >> i & 1)

    def receive(self, size: int) -> bytes:
        return bytes(sum(self.bit() << i for i in range(8)) for _ in range(size))

    def command(self, *data: int, rom: bytes | None = None) -> None:
        self.reset()
        self.send(*((SKIP,) if rom is None else (MATCH, *rom)), *data)

    def scratchpad(self, rom: bytes | None = None) -> bytes:
        self.command(READ, rom=rom)
        return self.receive(9)


def test_checksum_of_the_datasheets_example():
    # Application note 27, example 1: the ROM code 02 1c b8 01 00 00 00 has the checksum a2.
    assert crc8(bytes.fromhex("021cb801000000")) == 0xA2
    assert crc8(rom_code(0x123456)) == 0


@pytest.mark.parametrize(("celsius", "register"), TABLE)
def test_temperatures_of_the_datasheet(celsius, register):
    wire = Wire(temperature=celsius)
    wire.command(CONVERT)
    wire.now += 0.76
    data = wire.scratchpad()
    assert int.from_bytes(data[:2], "little") == register
    assert crc8(data) == 0


def test_after_power_on_it_says_85_degrees():
    data = Wire().scratchpad()
    assert data[:5] == b"\x50\x05\x4b\x46\x7f"
    assert data[5:8] == b"\xff\x0c\x10"


def test_a_conversion_takes_its_time_and_shows_its_end():
    wire = Wire()
    wire.command(CONVERT)
    wire.now += 0.74
    assert wire.bit() == 0
    assert wire.scratchpad()[:2] == b"\x50\x05"
    wire.command(CONVERT)
    wire.now += 0.76
    assert wire.bit() == 1
    assert wire.scratchpad()[:2] == b"\x50\x01"


@pytest.mark.parametrize(
    ("code", "ms", "register"), [(0x1F, 93.75, 0x0150), (0x3F, 187.5, 0x0154), (0x5F, 375, 0x0156), (0x7F, 750, 0x0157)]
)
def test_resolutions(code, ms, register):
    wire = Wire(temperature=21.4375)  # 0x0157
    wire.command(WRITE, 0, 0, code)
    wire.command(CONVERT)
    wire.now += ms / 1000 + 0.001
    data = wire.scratchpad()
    assert int.from_bytes(data[:2], "little") == register
    assert data[4] == code


def test_settings_are_kept_until_recalled_from_the_eeprom():
    wire = Wire()
    wire.command(WRITE, 0x55, 0xAA, 0x7F)
    assert wire.scratchpad()[2:5] == b"\x55\xaa\x7f"
    wire.command(RECALL)
    assert wire.scratchpad()[2:5] == b"\x4b\x46\x7f"
    wire.command(WRITE, 0x55, 0xAA, 0x1F)
    wire.command(COPY)
    wire.command(WRITE, 0, 0, 0x7F)
    wire.command(RECALL)
    assert wire.scratchpad()[2:5] == b"\x55\xaa\x1f"


def test_rom_codes_select():
    wire = Wire(1, 2)
    wire.command(WRITE, 1, 1, 0x7F, rom=rom_code(1))
    wire.command(WRITE, 2, 2, 0x7F, rom=rom_code(2))
    assert wire.scratchpad(rom_code(1))[2] == 1
    assert wire.scratchpad(rom_code(2))[2] == 2
    assert wire.scratchpad(rom_code(3)) == b"\xff" * 9
    assert crc8(wire.scratchpad()) != 0  # both chips answer at once


def test_a_single_chip_tells_its_rom_code():
    wire = Wire(7)
    wire.reset()
    wire.send(READ_ROM)
    assert wire.receive(8) == rom_code(7)
    wire.send(READ)
    assert crc8(wire.receive(9)) == 0


def test_it_has_a_supply_of_its_own():
    wire = Wire()
    wire.command(POWER)
    assert wire.bit() == 1


def test_search_finds_all():
    wire = Wire(1, 2, 0xABCDEF)
    found = set()
    pending: list[list[int]] = [[]]
    while pending:
        path = pending.pop()
        wire.reset()
        wire.send(SEARCH)
        bits: list[int] = []
        for i in range(64):
            bit, complement = wire.bit(), wire.bit()
            assert not (bit and complement)
            if i < len(path):
                bit = path[i]
            elif bit == complement:
                pending.append([*bits, 1])
                bit = 0
            wire.send_bit(bit)
            bits.append(bit)
        found.add(bytes(sum(bits[at + i] << i for i in range(8)) for at in range(0, 64, 8)))
    assert found == {rom_code(1), rom_code(2), rom_code(0xABCDEF)}
