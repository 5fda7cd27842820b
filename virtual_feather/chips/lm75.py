"""LM75 thermometer, modelled at register level.

Source: datasheet LM75B (NXP, 2015): 7.4 "Register list". Not modelled: the OS pin and its fault queue, the time of the
first conversion.
"""

from __future__ import annotations

from collections.abc import Callable

from . import Chip
from .air import Air

ADDRESSES = range(0x48, 0x50)
"""Pins A0 to A2 to ground or to VCC."""

_TEMPERATURE, _CONFIGURATION = 0, 1
_SHUT_DOWN = 0x01
_DEFAULTS = {0: b"\0\0", 1: b"\0", 2: b"\x4b\0", 3: b"\x50\0"}  # THYST 75 degrees, TOS 80


class Lm75(Chip):
    """One chip, fresh from power-on: it measures continuously. Raises ValueError for an address that it cannot have."""

    def __init__(self, _clock: Callable[[], float], air: Air, *, address: int = 0x48) -> None:
        """_clock: not used, as here a conversion takes no time."""
        if address not in ADDRESSES:
            raise ValueError(f"an LM75 has no address {address:#x}: 0x48 to 0x4F")
        self._air = air
        self._address = address
        self._registers = {register: bytearray(value) for register, value in _DEFAULTS.items()}
        self._pointer: int | None = 0  # None: the next byte written selects a register
        self._at = 0

    def start(self, address: int, read: bool) -> bool:
        """A read begins at the register selected last."""
        if address != self._address:
            return False
        self._at = 0
        if not read:
            self._pointer = None
        elif self._pointer == _TEMPERATURE:
            self._measure()
        return True

    def write(self, byte: int) -> bool:
        """A register's address, then its value."""
        if self._pointer is None:
            self._pointer = byte & 3
            return True
        register = self._registers[self._pointer]
        if self._pointer != _TEMPERATURE and self._at < len(register):
            register[self._at] = byte
            self._at += 1
        return True

    def read(self) -> int:
        """The register's bytes, repeated."""
        register = self._registers[self._pointer or 0]
        self._at += 1
        return register[(self._at - 1) % len(register)]

    def stop(self) -> None:
        """STOP has no effect: the register stays selected."""

    def _measure(self) -> None:
        if not self._registers[_CONFIGURATION][0] & _SHUT_DOWN:
            eighths = round(min(max(self._air.temperature, -55.0), 125.0) * 8)
            self._registers[_TEMPERATURE][:] = (eighths << 5 & 0xFFFF).to_bytes(2, "big")
