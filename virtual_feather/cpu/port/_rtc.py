"""machine.RTC: clock and memory that survive resets and deep sleep, not power loss."""

from _board import call

_EPOCH_DAYS = 730425


class RTC:
    """The real-time clock."""

    ALARM0 = 0

    def __init__(self, id=0):
        if id != 0:
            raise ValueError("RTC(%d) doesn't exist" % id)

    def datetime(self, fields=None):
        """(year, month, day, weekday, hour, minute, second, millisecond), or set it."""
        import time

        if fields is None:
            year, month, day, hour, minute, second, weekday, _ = time.gmtime()
            return year, month, day, weekday, hour, minute, second, call("rtc_us") // 1000 % 1000
        year, month, day, _, hour, minute, second, ms = fields
        call("rtc_set_us", time.mktime((year, month, day, hour, minute, second)) * 1000000 + ms * 1000)

    def memory(self, data=None):
        """The bytes kept, or keep these. Raises ValueError above 492 bytes."""
        if data is None:
            buffer = bytearray(492)
            return bytes(buffer[: call("rtc_read", buffer)])
        if len(data) > 492:
            raise ValueError("buffer too long")
        call("rtc_write", data)

    def alarm(self, id, time, *, repeat=False):
        """Set the time (ms) of the wake-up from deepsleep()."""
        if id != 0:
            raise ValueError("invalid alarm")
        call("rtc_alarm", time)

    def alarm_left(self, id=0):
        """Milliseconds to the alarm."""
        return call("rtc_alarm_left")

    def irq(self, *, trigger, wake):
        """What the alarm wakes: ALARM0 from machine.DEEPSLEEP."""
        if trigger != 0:
            raise ValueError("invalid alarm")
        call("rtc_wake", wake)
