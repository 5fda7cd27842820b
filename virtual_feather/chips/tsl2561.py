"""TSL2561 light-to-digital converter, modelled at register level.

Source: datasheet TAOS059N (2009): "Principles of Operation", "Register Set", "Calculating Lux". Where it is silent, the
model does what is hardest on a driver or what real chips do, and a comment says so. Not modelled: the INT pin, which
the board does not wire (its registers hold what is written), and the SMBus byte count (TSL2560 only).
"""

from __future__ import annotations

from collections.abc import Callable

from . import Chip
from .light import Light

ADDRESSES = (0x29, 0x39, 0x49)
"""ADDR SEL pin to ground, open, to VDD (Table 1)."""

_CONTROL, _TIMING, _INTERRUPT, _ID, _DATA0, _DATA1 = 0x0, 0x1, 0x6, 0xA, 0xC, 0xE
_WRITABLE = {_CONTROL: 0x03, _TIMING: 0x1B, 2: 0xFF, 3: 0xFF, 4: 0xFF, 5: 0xFF, _INTERRUPT: 0x3F}
_POWER_ON = 0x03
_GAIN, _MANUAL, _INTEG = 0x10, 0x08, 0x03
_COMMAND = 0x80

_IDENTITIES = {"T": 0x50, "CS": 0x10}
# INTEG: seconds at 735 kHz, counts relative to 402 ms, full scale (Table 5 and "Calculating Lux").
_INTEGRATIONS = {0: (0.0137, 11 / 322, 5047), 1: (0.101, 81 / 322, 37177), 2: (0.402, 1.0, 65535)}
_FULL_SCALE_PER_SECOND = 37177 / 0.101

# "Calculating Lux": the highest ratio, and lux for each count of channel 0 at 402 ms and 16x up to that ratio.
_LUX_PER_COUNT: dict[str, tuple[tuple[float, Callable[[float], float]], ...]] = {
    "T": (
        (0.50, lambda r: 0.0304 - 0.062 * r**1.4),
        (0.61, lambda r: 0.0224 - 0.031 * r),
        (0.80, lambda r: 0.0128 - 0.0153 * r),
        (1.30, lambda r: 0.00146 - 0.00112 * r),
    ),
    "CS": (
        (0.52, lambda r: 0.0315 - 0.0593 * r**1.4),
        (0.65, lambda r: 0.0229 - 0.0291 * r),
        (0.80, lambda r: 0.0157 - 0.0180 * r),
        (1.30, lambda r: 0.00338 - 0.00260 * r),
    ),
}


class Tsl2561(Chip):
    """One chip, fresh from power-on: powered down, 402 ms, gain 1x.

    package: "T" (stands for FN and CL too) or "CS". period: length of a clock period relative to nominal; the datasheet
    allows 0.94 to 1.065. It stretches the integration time and leaves the counts as they are. Raises ValueError for an
    address or a package that does not exist.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        light: Light,
        *,
        package: str = "T",
        address: int = 0x39,
        period: float = 1.0,
    ) -> None:
        """clock: seconds, the same clock as the light's."""
        if address not in ADDRESSES:
            raise ValueError(f"a TSL2561 has no address {address:#x}: 0x29, 0x39 or 0x49")
        if package not in _IDENTITIES:
            raise ValueError(f"a TSL2561 has no package {package!r}: T or CS")
        self._clock = clock
        self._light = light
        self._package = package
        self._address = address
        self._period = period
        self._registers = bytearray(16)
        self._registers[_TIMING] = 0x02
        self._registers[_ID] = _IDENTITIES[package]
        self._started: float | None = None  # start of the running integration
        self._timing = 0  # TIMING of the running integration
        self._data = {_DATA0: 0, _DATA1: 0}
        self._select = 0
        self._pointer = 0
        self._expects_command = False
        self._ignores = False

    # The wire: "SMBus and I2C Protocols", "Command Register".

    def start(self, address: int, read: bool) -> bool:
        """Each read, repeated or not, begins at the register that the last command selected."""
        self._expects_command = not read
        self._ignores = False
        self._pointer = self._select
        return address == self._address

    def write(self, byte: int) -> bool:
        """The command, then data. CLEAR has no effect (no interrupt is modelled), nor have WORD and BLOCK on I2C.

        The pointer advances after every data byte anyway: real chips do so, and published programs rely on it.
        """
        if self._expects_command:
            self._expects_command = False
            self._ignores = not byte & _COMMAND
            self._select = self._pointer = byte & 0x0F
        elif not self._ignores:
            self._write_register(self._next(), byte)
        return True

    def read(self) -> int:
        """The register under the pointer."""
        return self._read_register(self._next())

    def stop(self) -> None:
        """STOP has no effect: the register stays selected."""

    def _next(self) -> int:
        register, self._pointer = self._pointer, (self._pointer + 1) % 16
        return register

    # The registers: "Register Set".

    def _write_register(self, register: int, value: int) -> None:
        if register not in _WRITABLE:
            return
        self._integrate()
        value &= _WRITABLE[register]
        was_on = self._is_on
        self._registers[register] = value
        if register == _CONTROL and not self._is_on:
            self._started = None  # aborted; the data registers keep their values (not in the datasheet)
        elif register == _CONTROL and not was_on:
            self._begin()
        elif register == _TIMING and self._is_on:
            self._retime(value)

    def _read_register(self, register: int) -> int:
        if register in self._data:
            # Reading the low byte latches the high byte in a shadow register, which the next address returns.
            self._integrate()
            low, high = self._data[register] & 0xFF, self._data[register] >> 8
            self._registers[register], self._registers[register + 1] = low, high
        return self._registers[register]

    @property
    def _is_on(self) -> bool:
        return self._registers[_CONTROL] == _POWER_ON

    # The converter: "Analog-to-Digital Converter", "Timing Register".

    def _begin(self) -> None:
        """Start integrating; with manual timing, only if the MANUAL bit is set."""
        self._timing = self._registers[_TIMING]
        waits = self._timing & _INTEG == _INTEG and not self._timing & _MANUAL
        self._started = None if waits else self._clock()

    def _retime(self, timing: int) -> None:
        """TIMING written while on takes effect with the next cycle (not in the datasheet), manual timing at once."""
        manual, now = self._timing & _INTEG == _INTEG, self._clock()
        if manual and self._started is not None and now > self._started:
            self._convert(self._started, now, self._timing)
        if manual or timing & _INTEG == _INTEG:
            self._begin()

    def _integrate(self) -> None:
        """Bring the data registers up to date: cycles follow each other while the chip is on."""
        now = self._clock()
        while self._started is not None and self._timing & _INTEG != _INTEG:
            end = self._started + self._seconds(self._timing)
            if now < end:
                return
            self._convert(self._started, end, self._timing)
            self._timing = self._registers[_TIMING]
            # Of the cycles since then, only the last complete one can be read.
            unread = max(0, int((now - end) / self._seconds(self._timing)) - 1)
            self._started = end + unread * self._seconds(self._timing)

    def _seconds(self, timing: int) -> float:
        return _INTEGRATIONS[timing & _INTEG][0] * self._period

    def _convert(self, start: float, end: float, timing: int) -> None:
        """End of an integration: both channels go to the data registers."""
        if timing & _INTEG == _INTEG:
            seconds = (end - start) / self._period
            share, full_scale = seconds / 0.402, min(65535, int(seconds * _FULL_SCALE_PER_SECOND))
        else:
            _, share, full_scale = _INTEGRATIONS[timing & _INTEG]
        gain = 1.0 if timing & _GAIN else 1 / 16
        for register, counts in zip(self._data, self._mean_counts(start, end), strict=True):
            self._data[register] = min(round(counts * share * gain), full_scale)

    def _mean_counts(self, start: float, end: float) -> tuple[float, float]:
        """Counts of both channels that the mean light of a window gives in 402 ms at 16x."""
        counts0 = counts1 = 0.0
        for seconds, lux, ratio in self._light.spans(start, end):
            share = lux / self._lux_per_count(ratio) * seconds / (end - start)
            counts0 += share
            counts1 += share * ratio
        return counts0, counts1

    def _lux_per_count(self, ratio: float) -> float:
        return next(equation(ratio) for limit, equation in _LUX_PER_COUNT[self._package] if ratio <= limit)
