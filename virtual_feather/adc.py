"""The ESP8266's ADC: its analogue input pin, 0 to 1 V."""

from __future__ import annotations

from .processor.page import Page

_FULL_SCALE_V = 1.0
_STEPS = 1024


class Adc:
    """Ten bits over one volt."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.volts = 0.0

    @property
    def volts(self) -> float:
        """The voltage at the pin."""
        return self._volts

    @volts.setter
    def volts(self, volts: float) -> None:
        self._volts = volts
        self._page.adc = min(max(round(volts / _FULL_SCALE_V * _STEPS), 0), _STEPS)
