"""machine.RTC: clock and memory that survive resets and deep sleep, not power loss."""

from _board import call

_MEMORY = const(492)


class RTC:
    """The real-time clock."""

    ALARM0 = 0

    def __init__(self):
        pass

    def datetime(self, datetime=None):
        """(year, month, day, weekday, hour, minute, second, millisecond), or set it; the weekday is not looked at."""
        import time

        if datetime is None:
            year, month, day, hour, minute, second, weekday, _ = time.gmtime()
            return year, month, day, weekday, hour, minute, second, call("rtc_us") // 1000 % 1000
        if len(datetime) != 8:
            raise ValueError("requested length 8 but object has length %d" % len(datetime))
        year, month, day, _, hour, minute, second, ms = datetime
        call("rtc_set_us", time.mktime((year, month, day, hour, minute, second, 0, 0)) * 1000000 + ms * 1000)

    def memory(self, data=None):
        """The bytes kept, or keep these. Raises ValueError above 492 bytes."""
        if data is None:
            buffer = bytearray(_MEMORY)
            return bytes(buffer[: call("rtc_read", buffer)])
        if len(data) > _MEMORY:
            raise ValueError("buffer too long")
        call("rtc_write", memoryview(data))

    def alarm(self, alarm_id, time_ms):
        """Set the alarm in time_ms from now."""
        self._check(alarm_id)
        call("rtc_alarm", time_ms)

    def alarm_left(self, alarm_id=0):
        """Milliseconds to the alarm."""
        self._check(alarm_id)
        return call("rtc_alarm_left")

    def irq(self, *, trigger=0, wake=0):
        """What the alarm wakes: trigger=ALARM0, wake=machine.DEEPSLEEP."""
        self._check(trigger)
        call("rtc_wake", wake)

    def _check(self, alarm_id):
        if alarm_id != 0:
            raise ValueError("invalid alarm")
