"""The RTC: when its counter starts, and its memory."""

from __future__ import annotations

from virtual_time import VirtualTime, time

from virtual_feather.processor.page import Page
from virtual_feather.rtc import Rtc

__all__ = ["time"]


def test_power_empties_the_memory_and_starts_the_counter(time: VirtualTime) -> None:
    page = Page()
    page.rtc[7] = 1
    time.advance(1000.0)
    rtc = Rtc(page, time.reactor.now)
    assert not any(page.rtc) and round(page.rtc_from_us, -2) == 1_000_000_000
    page.rtc[7] = 1
    time.advance(60.0)
    rtc.pulled()
    assert page.rtc[7] == 1 and round(page.rtc_from_us, -2) == 1_060_000_000
