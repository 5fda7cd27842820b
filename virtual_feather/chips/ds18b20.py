"""DS18B20 1-Wire thermometer, modelled bit by bit.

Source: datasheet DS18B20 (Maxim, 2019): "64-Bit Lasered ROM Code", "Memory", "1-Wire Bus System" with figures 13 to 15.
Conversions take the maximum time of table 2. Not modelled: parasite power, the alarm search (no chip answers), and that
the EEPROM keeps its values without power.
"""

from __future__ import annotations

from collections.abc import Callable

from . import OneWireChip
from .air import Air

FAMILY = 0x28

_SEARCH_ROM, _READ_ROM, _MATCH_ROM, _SKIP_ROM = 0xF0, 0x33, 0x55, 0xCC
_CONVERT, _WRITE, _READ, _COPY, _RECALL, _READ_POWER = 0x44, 0x4E, 0xBE, 0x48, 0xB8, 0xB4
_POWER_ON_TEMPERATURE = 0x0550  # 85 degrees
_EEPROM = b"\x4b\x46\x7f"  # factory values of TH, TL, configuration
_RESERVED = b"\xff\x0c\x10"
_LOWEST, _HIGHEST = -55.0, 125.0


def crc8(data: bytes) -> int:
    """CRC-8: x^8 + x^5 + x^4 + 1, the lowest bit first."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x8C if crc & 1 else 0)
    return crc


def rom_code(serial: int) -> bytes:
    """Family, serial number, checksum."""
    code = bytes((FAMILY,)) + serial.to_bytes(6, "little")
    return code + bytes((crc8(code),))


def _bits(data: bytes) -> list[int]:
    return [byte >> i & 1 for byte in data for i in range(8)]


def _bytes(bits: list[int]) -> bytes:
    return bytes(sum(bit << i for i, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


class Ds18b20(OneWireChip):
    """One chip, fresh from power-on."""

    def __init__(self, clock: Callable[[], float], air: Air, *, serial: int = 1) -> None:
        """clock: seconds. serial: 48 bits, part of the ROM code."""
        self._clock = clock
        self._air = air
        self.rom = rom_code(serial)
        self._temperature = _POWER_ON_TEMPERATURE
        self._settings = bytearray(_EEPROM)
        self._eeprom = _EEPROM
        self._ready = 0.0  # end of the running conversion
        self.reset()

    def reset(self) -> None:
        """The next byte is a ROM command."""
        self._take: Callable[[int], None] = self._rom_command
        self._in: list[int] = []
        self._out: list[int] = []

    def write(self, bit: int) -> None:
        """A bit from the controller, taken as the commands so far require."""
        if self._take == self._searched:
            self._searched(bit)
            return
        self._in.append(bit)
        if len(self._in) == 8:
            byte, self._in = _bytes(self._in)[0], []
            self._take(byte)

    def read(self) -> int:
        """The next bit of the answer; 0 while a conversion runs."""
        if self._out:
            return self._out.pop(0)
        if self._take == self._converting:
            return int(self._clock() >= self._ready)
        return 1

    # The states: `self._take` is the method of the current state, which takes the next byte.

    def _deaf(self, byte: int) -> None:
        """Not addressed: bytes are ignored until the next reset."""

    def _converting(self, byte: int) -> None:
        """Bytes are ignored; reading shows whether the conversion has ended."""

    def _rom_command(self, byte: int) -> None:
        self._take = self._deaf
        if byte == _SKIP_ROM:
            self._take = self._function
        elif byte == _READ_ROM:
            self._take = self._function
            self._out = _bits(self.rom)
        elif byte == _MATCH_ROM:
            self._matched = 0
            self._take = self._match
        elif byte == _SEARCH_ROM:
            self._matched = 0
            self._take = self._searched
            self._offer()

    def _match(self, byte: int) -> None:
        self._take = self._match
        if byte != self.rom[self._matched]:
            self._take = self._deaf
        self._matched += 1
        if self._matched == 8 and self._take == self._match:
            self._take = self._function

    def _offer(self) -> None:
        bit = _bits(self.rom)[self._matched]
        self._out = [bit, 1 - bit]

    def _searched(self, bit: int) -> None:
        """The controller has chosen a bit's value: chips with the other value leave the search."""
        if bit != _bits(self.rom)[self._matched]:
            self._take = self._deaf
            return
        self._matched += 1
        if self._matched == 64:
            self._take = self._function
        else:
            self._offer()

    def _function(self, byte: int) -> None:
        self._take = self._deaf
        if byte == _CONVERT:
            self._convert()
            self._take = self._converting
        elif byte == _WRITE:
            self._written = 0
            self._take = self._write_settings
        elif byte == _READ:
            self._out = _bits(self._scratchpad())
        elif byte == _COPY:
            self._eeprom = bytes(self._settings)
        elif byte == _RECALL:
            self._settings[:] = self._eeprom
        # _READ_POWER: the released wire reads 1, which means external power.

    def _write_settings(self, byte: int) -> None:
        if self._written == 2:
            byte = byte & 0x60 | 0x1F
        self._settings[self._written] = byte
        self._written += 1
        self._take = self._write_settings if self._written < 3 else self._deaf

    # The thermometer.

    def _convert(self) -> None:
        unused = 3 - (self._settings[2] >> 5 & 3)  # lowest bits, undefined at this resolution: 0 here
        celsius = min(max(self._air.temperature, _LOWEST), _HIGHEST)
        self._next = round(celsius * 16) >> unused << unused & 0xFFFF
        self._ready = self._clock() + 0.75 / (1 << unused)

    def _scratchpad(self) -> bytes:
        if self._ready and self._clock() >= self._ready:
            self._temperature = self._next
        data = self._temperature.to_bytes(2, "little") + bytes(self._settings) + _RESERVED
        return data + bytes((crc8(data),))
