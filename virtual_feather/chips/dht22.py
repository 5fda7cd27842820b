"""DHT22 (AM2302) sensor of temperature and humidity, modelled by the pulses on its wire.

Source: datasheet AM2302 (Aosong): 7 "Single-bus communication", typical times. Not modelled: that a real sensor does
not answer in the first second after power-on, and need not answer a start signal longer than 20 ms.
"""

from __future__ import annotations

from collections.abc import Callable

from . import PulseChip
from .air import Air

_START_S = 0.0008
_MEASURES_S = 2.0
_WAITS_US, _ANSWER_US, _GAP_US = 30, 80, 50
_BIT_US = (26, 70)


class Dht22(PulseChip):
    """One sensor. At a start signal it sends its last measurement, and measures again if that is 2 s old or older."""

    def __init__(self, clock: Callable[[], float], air: Air) -> None:
        """clock: seconds."""
        self._clock = clock
        self._air = air
        self._low_since: float | None = None
        self._pulses: list[tuple[int, int]] = []  # level, microseconds
        self._measured_at = clock()
        self._values = self._measured()

    def level(self, level: int) -> None:
        """A start signal is the wire held low for 0.8 ms or more."""
        if not level:
            self._low_since = self._clock()
        elif self._low_since is not None:
            since, self._low_since = self._low_since, None
            if self._clock() - since >= _START_S:
                self._answer()

    def pulse(self, level: int) -> int | None:
        """The answer's pulses wait until the program times them."""
        while self._pulses:
            of, microseconds = self._pulses.pop(0)
            if of == level:
                return microseconds
        return None

    def _answer(self) -> None:
        data = self._values + bytes((sum(self._values) & 0xFF,))
        bits = [byte >> i & 1 for byte in data for i in range(7, -1, -1)]
        self._pulses = [(1, _WAITS_US), (0, _ANSWER_US), (1, _ANSWER_US)]
        for bit in bits:
            self._pulses += [(0, _GAP_US), (1, _BIT_US[bit])]
        self._pulses.append((0, _GAP_US))
        if self._clock() - self._measured_at >= _MEASURES_S:
            self._measured_at = self._clock()
            self._values = self._measured()

    def _measured(self) -> bytes:
        humidity = min(max(round(self._air.humidity * 10), 0), 999)
        t = min(max(round(self._air.temperature * 10), -400), 800)
        return humidity.to_bytes(2, "big") + (0x8000 - t if t < 0 else t).to_bytes(2, "big")
