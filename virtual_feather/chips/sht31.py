"""SHT31 temperature and humidity sensor, modelled at command level.

Source: datasheet SHT3x-DIS (Sensirion, 2022): 4 "Operation and communication". Measurements take the maximum time of
table 4. Not modelled: clock stretching (commands with it measure too, but an early read is not acknowledged), the
periodic modes, the alert pin, the heater.
"""

from __future__ import annotations

from collections.abc import Callable

from . import Chip
from .air import Air

ADDRESSES = (0x44, 0x45)
"""ADDR pin to ground; to VDD."""

# Commands that measure once, and how many seconds that takes.
_MEASURE = {0x2400: 0.0155, 0x240B: 0.0065, 0x2416: 0.0045, 0x2C06: 0.0155, 0x2C0D: 0.0065, 0x2C10: 0.0045}
_STATUS, _CLEAR_STATUS, _SOFT_RESET = 0xF32D, 0x3041, 0x30A2
_AFTER_RESET = 0x0010


def crc8(word: bytes) -> int:
    """The CRC-8 of 4.12: polynomial 0x31, initial value 0xFF."""
    crc = 0xFF
    for byte in word:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ (0x131 if crc & 0x80 else 0)
    return crc


def _checked(*words: int) -> bytes:
    return b"".join(word.to_bytes(2, "big") + bytes((crc8(word.to_bytes(2, "big")),)) for word in words)


class Sht31(Chip):
    """One chip, fresh from power-on. Raises ValueError for an address that it cannot have."""

    def __init__(self, clock: Callable[[], float], air: Air, *, address: int = 0x44) -> None:
        """clock: seconds."""
        if address not in ADDRESSES:
            raise ValueError(f"an SHT31 has no address {address:#x}: 0x44 or 0x45")
        self._clock = clock
        self._air = air
        self._address = address
        self._command = b""
        self._reset()

    def _reset(self) -> None:
        self._status = _AFTER_RESET
        self._ends: float | None = None  # end of the running measurement
        self._out = b""

    def start(self, address: int, read: bool) -> bool:
        """A read is not acknowledged while there is nothing to read."""
        if address != self._address:
            return False
        self._command = b""
        if self._ends is not None and self._clock() >= self._ends:
            self._ends = None
            self._out = self._measured()
        return not read or bool(self._out)

    def write(self, byte: int) -> bool:
        """A command of two bytes. Unknown commands, and all during a measurement, are not acknowledged."""
        self._command += bytes((byte,))
        if len(self._command) < 2:
            return True
        if len(self._command) > 2 or self._ends is not None:
            return False
        return self._act(int.from_bytes(self._command, "big"))

    def read(self) -> int:
        """The answer's words with their checksums, then 0xFF."""
        byte, self._out = (self._out[0], self._out[1:]) if self._out else (0xFF, b"")
        return byte

    def stop(self) -> None:
        """STOP drops the unread rest of an answer."""
        if not self._command:
            self._out = b""

    def _act(self, command: int) -> bool:
        self._out = b""
        if command in _MEASURE:
            self._ends = self._clock() + _MEASURE[command]
        elif command == _STATUS:
            self._out = _checked(self._status)
        elif command == _CLEAR_STATUS:
            self._status = 0
        elif command == _SOFT_RESET:
            self._reset()
        else:
            return False
        return True

    def _measured(self) -> bytes:
        """The conversion formulas of 4.13, inverted."""
        words = ((self._air.temperature + 45) / 175, self._air.humidity / 100)
        return _checked(*(min(max(round(share * 65535), 0), 65535) for share in words))
