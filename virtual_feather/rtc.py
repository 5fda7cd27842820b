"""The real-time clock's domain: powered through resets and deep sleep, lost with the power.

Its counter starts at 0 when the chip is reset at its RST pin, by a button or at the end of a deep sleep, and goes on
through resets by the program, the watchdog and a crash (the SDK's API reference, system_get_rtc_time). MicroPython
keeps in RTC memory what is to be added to it, and adds the length of a deep sleep before it begins (machine_rtc.c).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_SIZE = 492
_DEEP_SLEEP = 4  # machine.DEEPSLEEP


class Rtc:
    """Time since 2000 in microseconds, and the user memory, of which a file shows the present content."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path = path
        self._now = now
        self.power_on()

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {
            "rtc_us": self.time_us,
            "rtc_set_us": self.set_time_us,
            "rtc_read": lambda _: (len(self._memory), self._memory),
            "rtc_write": self._write,
            "rtc_alarm": self._set_alarm,
            "rtc_alarm_left": lambda: max(0, self._alarm_us - self.time_us()) // 1000,
            "rtc_wake": self._set_wake,
            "rtc_wake_in": self._wake_in,
        }

    def power_on(self) -> None:
        """Power has come: the clock starts at 2000-01-01, the memory is empty."""
        self._added_us = 0
        self._write(b"")
        self.pulled()

    def pulled(self) -> None:
        """The RST pin was low: the counter starts, so that the clock falls back by as long as it has counted."""
        self._counts_from = self._now()
        self.start()

    def start(self) -> None:
        """MicroPython starts, after a soft reset too: the alarm, which it keeps in its RAM, is off."""
        self._alarm_us = self._wake = 0

    def sleep(self, time_us: int) -> None:
        """A deep sleep begins: what the clock shall show when it ends after so long."""
        self._added_us = self.time_us() + time_us
        self._counts_from = self._now()

    def time_us(self) -> int:
        """Microseconds since 2000."""
        return self._counted_us() + self._added_us

    def set_time_us(self, time_us: int) -> None:
        """Set the clock."""
        self._added_us = time_us - self._counted_us()

    def _counted_us(self) -> int:
        return int((self._now() - self._counts_from) * 1e6)

    def _write(self, data: bytes) -> None:
        self._memory = bytes(data[:_SIZE])
        self._path.write_bytes(self._memory)

    def _set_alarm(self, time_ms: int) -> None:
        self._alarm_us = self.time_us() + time_ms * 1000

    def _set_wake(self, wake: int) -> None:
        self._wake = wake

    def _wake_in(self) -> int:
        """Microseconds after which the alarm ends a deep sleep, at least one; 0 for never."""
        return max(1, self._alarm_us - self.time_us()) if self._wake & _DEEP_SLEEP else 0
