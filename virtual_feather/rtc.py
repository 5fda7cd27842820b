"""The real-time clock's domain: powered through resets and deep sleep, lost with the power."""

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
        self._offset = -self._now()
        self._write(b"")
        self.reset()

    def reset(self) -> None:
        """Reset of the chip: the alarm, which the port keeps in its RAM, is off."""
        self._alarm_us = self._wake = 0

    def time_us(self) -> int:
        """Microseconds since 2000."""
        return int((self._now() + self._offset) * 1e6)

    def set_time_us(self, time_us: int) -> None:
        """Set the clock."""
        self._offset = time_us / 1e6 - self._now()

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
