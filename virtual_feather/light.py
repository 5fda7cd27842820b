"""The light that falls on the sensor."""

from __future__ import annotations

import math
from collections.abc import Callable

_DAY_S = 120.0
_NOON_LUX = 30000.0


class Light:
    """Illuminance in lux and the share of infrared (channel 1 over channel 0 of a TSL2561) at any time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._start = now()
        self._day = False
        self._lux = 250.0
        self.ratio = 0.30

    @property
    def lux(self) -> float:
        """Illuminance now."""
        if not self._day:
            return self._lux
        # A day in two minutes, from the morning on: an arc above the horizon, starlight below it.
        height = math.sin(2 * math.pi * ((self._now() - self._start) / _DAY_S + 0.05))
        return round(0.05 + _NOON_LUX * height**2, 3) if height > 0 else 0.05

    def set(self, lux: float, ratio: float | None) -> None:
        """A level that stays."""
        self._day, self._lux = False, lux
        if ratio is not None:
            self.ratio = ratio

    def follow_the_day(self) -> None:
        """A day compressed into two minutes, again and again."""
        self._day, self._start = True, self._now()
