"""The real-time clock's domain: powered through resets and deep sleep, lost with the power.

Its counter starts at 0 when the chip is reset at its RST pin, by a button or at the end of a deep sleep, and goes on
through resets by the program, the watchdog and a crash (the SDK's API reference, system_get_rtc_time). What MicroPython
adds to it lies in RTC memory, which the processor shares.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from .processor.page import Page


class Rtc:
    """Where its counter was 0, and its memory."""

    def __init__(self, page: Page, now: Callable[[], float]) -> None:
        self._page = page
        self._now = now
        self.power_on()

    def power_on(self) -> None:
        """Power has come: the memory is empty."""
        ctypes.memset(self._page.rtc, 0, ctypes.sizeof(self._page.rtc))
        self.pulled()

    def pulled(self) -> None:
        """The RST pin was low: the counter starts."""
        self._page.rtc_from_us = int(self._now() * 1e6)
