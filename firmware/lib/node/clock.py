"""What time it is: seconds since the node started, and the calendar's once somebody has set the clock.

Inside the node a time is seconds since 2000-01-01, which is a small int on the ESP8266 until 2034 and needs no heap.
"""

import time

from micropython import const

_UNIX_2000 = const(946684800)
_KNOWN = const(757382400)  # 2024: an earlier clock is one that nobody has set; no uptime gets there

_last = None  # ticks_ms() of the latest uptime(), and what it was
_s = 0
_ms = 0


def uptime():
    """Return the whole seconds since the first call. It must be called at least every 6 days: ticks_ms() wraps."""
    global _last, _s, _ms
    now = time.ticks_ms()
    if _last is not None:
        _ms += time.ticks_diff(now, _last)
        _s += _ms // 1000
        _ms %= 1000
    _last = now
    return _s


def now():
    """Return the seconds since 2000-01-01 (UTC), or None while the clock has not been set."""
    seconds = int(time.time()) - epoch()
    return seconds if seconds >= _KNOWN else None


def epoch():
    """Return what time() is at 2000-01-01: 0 on the ESP8266, more where it counts from 1970."""
    return 0 if time.gmtime(0)[0] == 2000 else _UNIX_2000


def unix():
    """Return the Unix time in seconds, or None while the clock has not been set."""
    seconds = now()
    return None if seconds is None else seconds + _UNIX_2000


def stamp():
    """Return what to keep of this moment: now(), or while that is unknown uptime()."""
    seconds = now()
    since_start = uptime()  # called in any case, for its sake
    return since_start if seconds is None else seconds


def is_absolute(moment):
    """Say whether a stamp() is of the calendar; else it is an uptime()."""
    return moment >= _KNOWN


def late(moment):
    """Return what to say of a stamp(): ("ts", Unix time), or ("age_s", seconds) when the calendar is still unknown."""
    if is_absolute(moment):
        return "ts", moment + _UNIX_2000
    age = uptime() - moment
    seconds = unix()
    return ("age_s", age) if seconds is None else ("ts", seconds - age)


async def run(server, wifi, rtc):
    """Set `rtc` (machine.RTC()) by the NTP server of that name, for ever."""
    from node import ntp  # few nodes have a time server

    await ntp.run(server, wifi, rtc)
