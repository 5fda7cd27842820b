"""machine.RTC: clock and memory that survive resets and deep sleep, not power loss."""

from _board import call

_MEMORY = const(492)


class RTC:
    """The real-time clock."""

    ALARM0 = 0

    def __init__(self):
        pass

    def datetime(self, _datetime=None):
        """(year, month, day, weekday, hour, minute, second, millisecond), or set it; the weekday is not looked at."""
        import time

        if _datetime is None:
            year, month, day, hour, minute, second, weekday, _ = time.gmtime()
            return year, month, day, weekday, hour, minute, second, call("rtc_us") // 1000 % 1000
        if len(_datetime) != 8:
            raise ValueError("requested length 8 but object has length %d" % len(_datetime))
        year, month, day, _, hour, minute, second, ms = _datetime
        call("rtc_set_us", time.mktime((year, month, day, hour, minute, second, 0, 0)) * 1000000 + ms * 1000)

    def memory(self, _data=None):
        """The bytes kept, or keep these. Raises ValueError above 492 bytes."""
        if _data is None:
            buffer = bytearray(_MEMORY)
            return bytes(buffer[: call("rtc_read", buffer)])
        if len(_data) > _MEMORY:
            raise ValueError("buffer too long")
        call("rtc_write", memoryview(_data))

    def alarm(self, _alarm_id, _time_ms):
        """Set the alarm in time_ms from now."""
        self._check(_alarm_id)
        call("rtc_alarm", _time_ms)

    def alarm_left(self, _alarm_id=0):
        """Milliseconds to the alarm."""
        self._check(_alarm_id)
        return call("rtc_alarm_left")

    def irq(self, *, trigger=0, wake=0):
        """What the alarm wakes: trigger=ALARM0, wake=machine.DEEPSLEEP."""
        self._check(trigger)
        call("rtc_wake", wake)

    def _check(self, alarm_id):
        if alarm_id != 0:
            raise ValueError("invalid alarm")
