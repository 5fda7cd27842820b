"""BME280 and BMP280 sensors of temperature, pressure and humidity, modelled at register level.

Source: datasheets BST-BME280-DS002 and BST-BMP280-DS001 (2018): "Memory map", "Compensation formulas" (the integer
ones), "Measurement time", "I2C interface". Measurements take the datasheet's maximum time. Not modelled: the filter
(its setting is stored), noise, SPI, and the start-up time after a reset.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from . import Chip
from .air import Air

ADDRESSES = (0x76, 0x77)
"""SDO pin to ground; to VDDIO."""

_RESET, _CTRL_HUM, _STATUS, _CTRL_MEAS, _CONFIG, _DATA = 0xE0, 0xF2, 0xF3, 0xF4, 0xF5, 0xF7
_WRITABLE = {_CTRL_HUM: 0x07, _CTRL_MEAS: 0xFF, _CONFIG: 0xFD}
_RESET_WORD = 0xB6
_MEASURING = 0x08
_SLEEP, _NORMAL = 0, 3
_STANDBY_MS = (0.5, 62.5, 125, 250, 500, 1000)
_LONGER_MS = {"BME280": (10, 20), "BMP280": (2000, 4000)}
_IDENTITIES = {"BME280": 0x60, "BMP280": 0x58}
_SKIPPED = 0x80000
_SKIPPED_H = 0x8000


@dataclass(frozen=True)
class Calibration:
    """The factory calibration; t and p are those of the datasheet's worked example (BMP280, 3.12)."""

    t: tuple[int, ...] = (27504, 26435, -1000)
    p: tuple[int, ...] = (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
    h: tuple[int, ...] = (75, 362, 0, 313, 50, 30)

    def fine(self, raw: int) -> int:
        """The formulas' t_fine: temperature in 1/5120 degrees Celsius."""
        t1, t2, t3 = self.t
        return (((raw >> 3) - (t1 << 1)) * t2 >> 11) + ((((raw >> 4) - t1) ** 2 >> 12) * t3 >> 14)

    def celsius(self, raw: int) -> float:
        """Temperature in degrees Celsius."""
        return (self.fine(raw) * 5 + 128 >> 8) / 100

    def hectopascal(self, raw: int, fine: int) -> float:
        """Pressure in hPa."""
        p1, p2, p3, p4, p5, p6, p7, p8, p9 = self.p
        a = fine - 128000
        b = a * a * p6 + (a * p5 << 17) + (p4 << 35)
        a = ((1 << 47) + (a * a * p3 >> 8) + (a * p2 << 12)) * p1 >> 33
        p = ((1048576 - raw << 31) - b) * 3125 // a
        return ((p + (p9 * (p >> 13) ** 2 >> 25) + (p8 * p >> 19) >> 8) + (p7 << 4)) / 25600

    def percent(self, raw: int, fine: int) -> float:
        """Relative humidity in %."""
        h1, h2, h3, h4, h5, h6 = self.h
        x = fine - 76800
        scale = ((x * h6 >> 10) * ((x * h3 >> 11) + 32768) >> 10) + 2097152
        x = ((raw << 14) - (h4 << 20) - h5 * x + 16384 >> 15) * (scale * h2 + 8192 >> 14)
        x -= ((x >> 15) ** 2 >> 7) * h1 >> 4
        return (min(max(x, 0), 419430400) >> 12) / 1024

    def raw(self, air: Air) -> tuple[int, int, int]:
        """The converter's raw values in this air: temperature, pressure, humidity."""
        t = _search(self.celsius, air.temperature, 20)
        fine = self.fine(t)
        p = _search(lambda raw: -self.hectopascal(raw, fine), -air.pressure, 20)
        return t, p, _search(lambda raw: self.percent(raw, fine), air.humidity, 16)

    def registers(self) -> tuple[bytes, bytes]:
        """The calibration registers, from 0x88 and from 0xE1."""
        h1, h2, h3, h4, h5, h6 = self.h
        low = struct.pack("<Hhh", *self.t) + struct.pack("<Hhhhhhhhh", *self.p) + bytes((0, h1))
        return low, struct.pack("<hBbBbb", h2, h3, h4 >> 4, h4 & 15 | (h5 & 15) << 4, h5 >> 4, h6)


def _search(function: Callable[[int], float], wanted: float, bits: int) -> int:
    """The smallest argument at which a rising function reaches `wanted`."""
    low, high = 0, (1 << bits) - 1
    while low < high:
        middle = (low + high) // 2
        if function(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low


class Bme280(Chip):
    """One chip, fresh from power-on: asleep. Raises ValueError for an address that it cannot have."""

    def __init__(self, clock: Callable[[], float], air: Air, *, kind: str = "BME280", address: int = 0x76) -> None:
        """clock: seconds. kind: "BME280" or "BMP280"."""
        if address not in ADDRESSES:
            raise ValueError(f"a {kind} has no address {address:#x}: 0x76 or 0x77")
        self._clock = clock
        self._air = air
        self._kind = kind
        self._address = address
        self._calibration = Calibration()
        self._pointer: int | None = None  # None: the next byte written is a register's address
        self._reset()

    def _reset(self) -> None:
        self._registers = bytearray(256)
        low, high = self._calibration.registers()
        self._registers[0x88 : 0x88 + len(low)] = low
        if self._kind == "BME280":
            self._registers[0xE1 : 0xE1 + len(high)] = high
        self._registers[0xD0] = _IDENTITIES[self._kind]
        self._humidity = 0  # a write to CTRL_HUM takes effect with the next one to CTRL_MEAS
        self._ends: float | None = None  # end of the running measurement
        self._put_data(_SKIPPED, _SKIPPED, _SKIPPED_H)

    # The wire: "I2C write", "I2C read".

    def start(self, address: int, read: bool) -> bool:
        """A read begins at the register addressed last."""
        if not read:
            self._pointer = None
        return address == self._address

    def write(self, byte: int) -> bool:
        """Pairs of a register's address and its value."""
        if self._pointer is None:
            self._pointer = byte
        else:
            register, self._pointer = self._pointer, None
            self._write_register(register, byte)
        return True

    def read(self) -> int:
        """The registers, one after the other."""
        self._measure()
        register = self._pointer or 0
        self._pointer = (register + 1) % 256
        if register == _STATUS:
            return _MEASURING if self._ends is not None and self._busy else 0
        return self._registers[register]

    def stop(self) -> None:
        """STOP has no effect: the register stays addressed."""

    def _write_register(self, register: int, value: int) -> None:
        self._measure()
        if register == _RESET and value == _RESET_WORD:
            self._reset()
        elif register in _WRITABLE and (register != _CTRL_HUM or self._kind == "BME280"):
            self._registers[register] = value & _WRITABLE[register]
            if register == _CTRL_MEAS:
                self._humidity = self._registers[_CTRL_HUM]
                self._ends = None if value & 3 == _SLEEP else self._clock() + self._seconds

    # The measurement: "Sensor modes", "Measurement time".

    @property
    def _oversampling(self) -> tuple[int, int, int]:
        """Samples of temperature, pressure and humidity; 0: skipped."""
        control = self._registers[_CTRL_MEAS]
        return tuple(1 << min(code, 5) - 1 if code else 0 for code in (control >> 5, control >> 2 & 7, self._humidity))

    @property
    def _seconds(self) -> float:
        t, p, h = self._oversampling
        return (1.25 + 2.3 * t + (2.3 * p + 0.575 if p else 0) + (2.3 * h + 0.575 if h else 0)) / 1000

    @property
    def _standby(self) -> float:
        return (_STANDBY_MS + _LONGER_MS[self._kind])[self._registers[_CONFIG] >> 5] / 1000

    @property
    def _busy(self) -> bool:
        return self._clock() >= self._ends - self._seconds

    def _measure(self) -> None:
        """Bring the data registers up to date."""
        if self._ends is None or self._clock() < self._ends:
            return
        t, p, h = self._calibration.raw(self._air)
        with_t, with_p, with_h = self._oversampling
        self._put_data(
            t if with_t else _SKIPPED, p if with_t and with_p else _SKIPPED, h if with_t and with_h else _SKIPPED_H
        )
        if self._registers[_CTRL_MEAS] & 3 == _NORMAL:
            cycle = self._seconds + self._standby
            self._ends += cycle * ((self._clock() - self._ends) // cycle + 1)
        else:
            self._ends = None
            self._registers[_CTRL_MEAS] &= ~3

    def _put_data(self, t: int, p: int, h: int) -> None:
        data = (p << 4).to_bytes(3, "big") + (t << 4).to_bytes(3, "big") + h.to_bytes(2, "big")
        if self._kind == "BMP280":
            data = data[:6]
        self._registers[_DATA : _DATA + len(data)] = data
