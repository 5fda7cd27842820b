"""The time of day from an NTP server (RFC 5905), without blocking the event loop. A job of the session."""

import time
from os import urandom

import machine
from micropython import const

from node import KNOWN, LAST, uptime, with_room

_1900 = const(3155673600)  # seconds from NTP's epoch to 2000
_AGAIN_S = const(3600)  # the ESP8266's clock drifts, and must be read at least every 7 hours
_RETRY_S = const(60)


async def run(session):
    """Set the clock; again in an hour, or in a minute if the server does not answer."""
    session.clock_due_s = uptime() + _RETRY_S
    try:
        await with_room(__import__, "node.resolve")
        from node import resolve

        seconds = await ask(resolve, await resolve.address(session.settings["ntp"], session))
        if seconds:
            year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
            machine.RTC().datetime((year, month, day, weekday + 1, hour, minute, second, 0))
            session.clock_due_s += _AGAIN_S - _RETRY_S
    except OSError as e:
        print("no time by NTP:", e)


async def ask(resolve, server):
    """Return the seconds since 2000-01-01 by an NTP server (dotted); None if it is silent or not synchronised."""
    query = bytearray(48)
    query[0] = 0x23  # version 4, client
    query[40:] = urandom(8)  # the answer repeats it as the origin timestamp: nobody else can answer
    reply = await resolve.ask(server, 123, query, query[40:], 24)
    if not reply or len(reply) < 48 or reply[0] & 0x07 != 4 or reply[0] >= 0xC0 or not 0 < reply[1] < 16:
        return None  # not a server's answer, or one that is not synchronised (RFC 5905, 7.3)
    if not any(reply[40:48]):
        return None  # a transmit timestamp of 0 is no time (RFC 4330, 5)
    seconds = int.from_bytes(reply[40:44], "big") - _1900
    if seconds < 0:
        seconds += 1 << 32  # in 2036 NTP's seconds start again from 0
    return seconds if KNOWN <= seconds <= LAST else None
