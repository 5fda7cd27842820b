"""The real-time clock's domain: powered through resets and deep sleep, lost with the power."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_SIZE = 492


class Rtc:
    """Time since 2000 in microseconds, and the user memory, of which a file shows the present content."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path = path
        self._now = now
        self._alarm_ms: int | None = None
        self.power_on()

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {
            "rtc_us": self.time_us,
            "rtc_set_us": self.set_time_us,
            "rtc_read": lambda size: (len(self._memory), self._memory),
            "rtc_write": self._write,
            "rtc_alarm": self._set_alarm,
            "rtc_alarm_left": lambda: max(0, self._alarm_ms or 0),
            "rtc_wake": lambda wake: None,
        }

    @property
    def alarm_ms(self) -> int | None:
        """What deepsleep() without a time sleeps for."""
        return self._alarm_ms

    def power_on(self) -> None:
        """Power has come: the clock starts at 2000-01-01, the memory is empty."""
        self._offset = -self._now()
        self._write(b"")

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
        self._alarm_ms = time_ms
