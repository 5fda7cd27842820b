"""The analogue input."""

from __future__ import annotations

from collections.abc import Callable

_FULL_SCALE_V = 1.0
_STEPS = 1024


class Adc:
    """Ten bits over one volt."""

    def __init__(self) -> None:
        self.volts = 0.0

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {"adc_read": self._read}

    def _read(self) -> int:
        return min(max(round(self.volts / _FULL_SCALE_V * _STEPS), 0), _STEPS)
