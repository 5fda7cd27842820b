"""time as the ESP8266 port has it: the epoch is 2000, the clock starts there at power-on and runs through resets."""

import time as _native

from _board import call

_EPOCH = 946684800  # 2000-01-01 in Unix seconds
_PERIOD = const(0x3FFFFFFF)
_gmtime, _ticks_us = _native.gmtime, _native.ticks_us


def ticks_cpu():
    """Cycles of the processor's clock."""
    return _ticks_us() * call("cpu_mhz", None) & _PERIOD


def time():
    """Seconds of the RTC since 2000."""
    return call("rtc_us") // 1000000


def time_ns():
    """Nanoseconds of the RTC since 2000."""
    return call("rtc_us") * 1000


def gmtime(_seconds=None):
    """(year, month, day, hour, minute, second, weekday, yearday) of seconds since 2000."""
    return _gmtime((time() if _seconds is None else int(_seconds)) + _EPOCH)[:8]


def mktime(_fields):
    """Seconds since 2000 of an eight-tuple, fields out of range carried over."""
    if not 8 <= len(_fields) <= 9:
        raise TypeError("mktime needs a tuple of length 8 or 9")
    year, month, day, hour, minute, second = _fields[:6]
    month -= 1
    year, month = year + month // 12, month % 12
    # Days by a year that begins in March, so that the leap day is its last.
    shifted = year if month > 1 else year - 1
    days = shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400
    days += (153 * ((month + 10) % 12) + 2) // 5 + day - 1
    return ((days - 730425) * 24 + hour) * 3600 + minute * 60 + second
