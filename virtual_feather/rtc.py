"""The ESP8266's real-time clock: its counter and memory outlast resets and deep sleep, but not a loss of power.

The counter starts at 0 when the chip is reset at its RST pin, by a button or at the end of a deep sleep, and goes on
through resets by the program, the watchdog and a crash (the SDK's API reference, system_get_rtc_time). The offset that
MicroPython adds to the counter is in RTC memory, which is in the shared page.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from .processor.page import Page


class Rtc:
    """The time at which the counter was 0, and the memory."""

    def __init__(self, page: Page, now: Callable[[], float]) -> None:
        self._page = page
        self._now = now
        self.power_on()

    def power_on(self) -> None:
        """The power comes on: the memory is empty."""
        ctypes.memset(self._page.rtc, 0, ctypes.sizeof(self._page.rtc))
        self.pulled()

    def pulled(self) -> None:
        """The RST pin was low: the counter starts at 0."""
        self._page.rtc_from_us = int(self._now() * 1e6)
