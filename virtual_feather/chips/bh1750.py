"""BH1750FVI ambient light sensor, modelled at command level.

Source: datasheet BH1750FVI (ROHM, 2011): "Instruction Set Architecture", "Measurement mode", "Adjust measurement result
for influence of optical window". Measurements take the table's maximum time; infrared does not count. Not modelled: the
DVI pin, and the coarse steps of the L-resolution mode.
"""

from __future__ import annotations

from collections.abc import Callable

from . import Chip
from .light import Light

ADDRESSES = (0x23, 0x5C)
"""ADDR pin to ground or open; to VCC."""

_POWER_DOWN, _POWER_ON, _RESET = 0x00, 0x01, 0x07
_CONTINUOUS, _ONCE = 0x10, 0x20
# Low bits of a measurement command: seconds at MTreg 69, factor of the counts.
_MODES = {0: (0.180, 1), 1: (0.180, 2), 3: (0.024, 1)}
_MTREG = 69
_MTREG_LIMITS = 31, 254
_COUNTS_PER_LUX = 1.2


class Bh1750(Chip):
    """One chip, fresh from power-on: powered down. Raises ValueError for an address that it cannot have."""

    def __init__(self, clock: Callable[[], float], light: Light, *, address: int = 0x23) -> None:
        """clock: seconds, the same clock as the light's."""
        if address not in ADDRESSES:
            raise ValueError(f"a BH1750 has no address {address:#x}: 0x23 or 0x5C")
        self._clock = clock
        self._light = light
        self._address = address
        self._mtreg = _MTREG
        self._on = False
        self._counts = 0
        self._mode = 0
        self._began: float | None = None  # start of the running measurement
        self._next = 0

    def start(self, address: int, read: bool) -> bool:
        """A read returns the last finished measurement."""
        self._next = 0
        if address == self._address and read:
            self._measure()
        return address == self._address

    def write(self, byte: int) -> bool:
        """A command of one byte."""
        if byte == _POWER_DOWN:
            self._on, self._began = False, None
        elif byte == _POWER_ON:
            self._on = True
        elif byte == _RESET:
            self._counts = 0 if self._on else self._counts
        elif byte & ~3 in (_CONTINUOUS, _ONCE) and byte & 3 in _MODES:
            self._on, self._mode, self._began = True, byte, self._clock()
        elif byte >> 3 == 0b01000:
            self._mtreg = (byte & 7) << 5 | self._mtreg & 0x1F  # set in halves: in between, MTreg may exceed its limits
        elif byte >> 5 == 0b011:
            self._mtreg = self._mtreg & 0xE0 | byte & 0x1F
        return True

    def read(self) -> int:
        """The high byte, the low byte."""
        byte = self._counts.to_bytes(2, "big")[self._next % 2]
        self._next += 1
        return byte

    def stop(self) -> None:
        """STOP has no effect."""

    def _measure(self) -> None:
        """Bring the data register up to date."""
        seconds, factor = _MODES[self._mode & 3]
        low, high = _MTREG_LIMITS
        mtreg = min(max(self._mtreg, low), high)
        seconds *= mtreg / _MTREG
        if self._began is None or self._clock() < self._began + seconds:
            return
        if self._mode & _ONCE:
            start, self._began, self._on = self._began, None, False
        else:
            # The last complete cycle counts.
            cycles = (self._clock() - self._began) // seconds
            start = self._began + (cycles - 1) * seconds
            self._began = start + seconds
        spans = self._light.spans(start, start + seconds)
        mean = sum(length * lux for length, lux, _ in spans) / seconds
        self._counts = min(round(mean * _COUNTS_PER_LUX * factor * mtreg / _MTREG), 65535)
