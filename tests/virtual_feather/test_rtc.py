"""The RTC: its clock and memory through resets, and its alarm."""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_time import VirtualTime, time

from virtual_feather.rtc import Rtc

__all__ = ["time"]
_DEEP_SLEEP = 4


@pytest.fixture
def rtc(time: VirtualTime, tmp_path: Path) -> Rtc:
    time.advance(1000.0)
    return Rtc(tmp_path / "rtc.bin", time.reactor.now)


def _call(rtc: Rtc, operation: str, *values: object) -> object:
    return rtc.operations[operation](*values)


def test_power_starts_the_clock_in_2000(rtc: Rtc, time: VirtualTime) -> None:
    assert rtc.time_us() == 0
    time.advance(2.5)
    assert rtc.time_us() == pytest.approx(2_500_000, abs=10)


def test_a_clock_that_was_set_goes_on_through_a_reset_by_the_program(rtc: Rtc, time: VirtualTime) -> None:
    rtc.set_time_us(800_000_000_000_000)
    time.advance(60.0)
    rtc.start()
    assert rtc.time_us() == pytest.approx(800_000_060_000_000, abs=10)


def test_the_reset_button_sets_the_clock_back_by_what_it_has_counted(rtc: Rtc, time: VirtualTime) -> None:
    time.advance(40.0)
    rtc.set_time_us(800_000_000_000_000)
    time.advance(60.0)
    rtc.pulled()
    assert rtc.time_us() == pytest.approx(800_000_000_000_000 - 40_000_000, abs=10)


def test_a_clock_comes_out_of_deep_sleep_as_it_was_told(rtc: Rtc, time: VirtualTime) -> None:
    time.advance(40.0)
    rtc.set_time_us(800_000_000_000_000)
    rtc.sleep(300_000_000)
    time.advance(300.0)
    rtc.pulled()
    assert rtc.time_us() == pytest.approx(800_000_300_000_000, abs=10)
    rtc.sleep(300_000_000)
    time.advance(1.0)  # somebody presses the button
    rtc.pulled()
    assert rtc.time_us() == pytest.approx(800_000_600_000_000, abs=10)


def test_memory_is_kept_by_a_reset_and_lost_with_the_power(rtc: Rtc, tmp_path: Path) -> None:
    _call(rtc, "rtc_write", b"precious")
    rtc.pulled()
    assert _call(rtc, "rtc_read", bytes(492)) == (8, b"precious")
    assert (tmp_path / "rtc.bin").read_bytes() == b"precious"
    rtc.set_time_us(10**12)
    rtc.power_on()
    assert _call(rtc, "rtc_read", bytes(492)) == (0, b"")
    assert rtc.time_us() == 0
    assert (tmp_path / "rtc.bin").read_bytes() == b""


def test_memory_has_492_bytes(rtc: Rtc) -> None:
    _call(rtc, "rtc_write", bytes(range(256)) * 2)
    assert _call(rtc, "rtc_read", bytes(492)) == (492, (bytes(range(256)) * 2)[:492])


def test_the_alarm_runs_down(rtc: Rtc, time: VirtualTime) -> None:
    _call(rtc, "rtc_alarm", 5000)
    time.advance(2.0)
    assert _call(rtc, "rtc_alarm_left") == pytest.approx(3000, abs=1)
    time.advance(10.0)
    assert _call(rtc, "rtc_alarm_left") == 0


def test_the_alarm_ends_a_deep_sleep_only_when_asked_to(rtc: Rtc, time: VirtualTime) -> None:
    _call(rtc, "rtc_alarm", 5000)
    assert _call(rtc, "rtc_wake_in") == 0
    _call(rtc, "rtc_wake", _DEEP_SLEEP)
    assert _call(rtc, "rtc_wake_in") == pytest.approx(5_000_000, abs=10)
    time.advance(10.0)
    assert _call(rtc, "rtc_wake_in") == 1, "one that has rung already ends it at once"
    rtc.start()
    assert _call(rtc, "rtc_wake_in") == 0
