"""What time it is: seconds since the node started, and the calendar's once somebody has set the clock.

Inside the node a time is seconds since 2000-01-01, which is a small int on the ESP8266 until 2034 and needs no heap.
"""

import asyncio
import time
from os import urandom

from micropython import const

from node import resolve

_UNIX_2000 = const(946684800)
_NTP_2000 = const(3155673600)  # NTP counts from 1900 (RFC 5905, 6)
_KNOWN = const(757382400)  # 2024: an earlier clock is one that nobody has set; no uptime gets there
_2100 = const(3155760000)  # a later one neither: a server that begins in 1970, taken for 2106
_AGAIN_S = const(3600)  # the ESP8266's clock drifts, and must be read at least every 7 hours
_RETRY_S = const(60)

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
    seconds = int(time.time()) - _epoch()
    return seconds if seconds >= _KNOWN else None


def _epoch():
    """Return where 2000-01-01 is in this port's time(): 0 on the ESP8266, later where it counts from 1970."""
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
    """Set `rtc` (machine.RTC()) by the NTP server of that name every hour; each minute while it does not answer."""
    while True:
        while not wifi.joined():
            await asyncio.sleep_ms(1000)
        pause = _RETRY_S
        try:
            seconds = await _ask(await resolve.address(server, wifi.dns()))
            if seconds:
                year, month, day, hour, minute, second, weekday = time.gmtime(seconds + _epoch())[:7]
                rtc.datetime((year, month, day, weekday + 1, hour, minute, second, 0))
                pause = _AGAIN_S
        except OSError as e:
            print("ntp:", e)
        await asyncio.sleep_ms(1000 * pause)


async def _ask(server):
    """Return the seconds since 2000-01-01 by an NTP server (dotted); None when it is silent or does not know either."""
    query = bytearray(48)
    query[0] = 0x23  # version 4, client
    query[40:] = urandom(8)  # sent back to us as the time of origin: nobody else can answer
    reply = bytearray(48)
    count = await resolve.ask(server, 123, query, query[40:], 24, reply)
    if count < 48 or reply[0] & 0x07 != 4 or reply[0] >= 0xC0 or not 0 < reply[1] < 16:
        return None  # not a server's answer, or one that is not synchronised (RFC 5905, 7.3)
    seconds = int.from_bytes(reply[40:44], "big") - _NTP_2000
    if seconds < 0:
        seconds += 1 << 32  # from 2036 on NTP counts anew
    return seconds if _KNOWN <= seconds < _2100 else None
