"""node.clock: uptime over the wrap of ticks_ms(), the calendar, NTP from a server of the test's own."""

import asyncio
import socket
import time

from loopback import bound
from node import clock, resolve

_1900_TO_1970 = 2208988800


class Time:
    """In place of clock's `time`: ticks that wrap at 2**30, and a calendar that begins in 2000."""

    def __init__(self, ticks=0, seconds=0):
        self.ticks = ticks
        self.seconds = seconds

    def ticks_ms(self):
        return self.ticks % (1 << 30)

    def ticks_diff(self, a, b):
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)

    def time(self):
        return self.seconds

    def gmtime(self, seconds):
        return time.gmtime(seconds + 946684800)


class Replaced:
    """`with Replaced(module, name, value)`"""

    def __init__(self, module, name, value):
        self.module, self.name, self.value = module, name, value

    def __enter__(self):
        self.old = getattr(self.module, self.name)
        setattr(self.module, self.name, self.value)
        return self.value

    def __exit__(self, *_):
        setattr(self.module, self.name, self.old)


def test_uptime_counts_on_when_the_ticks_wrap():
    with Replaced(clock, "time", Time((1 << 30) - 2500)) as fake, Replaced(clock, "_last", None):
        clock._s = clock._ms = 0
        seen = []
        for _ in range(12):
            seen.append(clock.uptime())
            fake.ticks += 500
        assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        fake.ticks += 5 * 86400 * 1000
        assert clock.uptime() == 6 + 5 * 86400


def test_a_calendar_that_nobody_has_set_is_unknown():
    with Replaced(clock, "time", Time(0, 12345)) as fake:
        assert clock.unix() is None
        assert not clock.is_absolute(clock.stamp())
        fake.seconds = 816979200
        assert clock.unix() == 1763664000
        assert clock.stamp() == 816979200
        assert clock.late(clock.stamp()) == ("ts", 1763664000)


def test_both_epochs():
    assert abs(clock.unix() - time.time()) < 2  # the Unix port counts from 1970


def reply_to(query, seconds, first=0x24, stratum=2, origin=None):
    reply = bytearray(48)
    reply[0] = first
    reply[1] = stratum
    reply[24:32] = query[40:48] if origin is None else origin
    reply[40:44] = (seconds % (1 << 32)).to_bytes(4, "big")
    return reply


async def asked(make_reply):
    """What _ask() makes of the answer that make_reply(query) gives."""
    server, port = bound(socket.SOCK_DGRAM)
    ask = resolve.ask

    def redirected(host, _, query, echo, at, reply):
        return ask(host, port, query, echo, at, reply)

    async def serve():
        while True:
            await asyncio.sleep_ms(5)
            try:
                query, client = server.recvfrom(100)
            except OSError:
                continue
            server.sendto(make_reply(query), client)

    task = asyncio.create_task(serve())
    try:
        with Replaced(resolve, "ask", redirected):
            return await clock._ask("127.0.0.1")
    finally:
        task.cancel()
        server.close()


async def test_ntp():
    unix = 1763791200
    assert await asked(lambda query: reply_to(query, unix + _1900_TO_1970)) == unix - 946684800


async def test_ntp_counts_anew_in_2036():
    unix = 2200000000
    assert await asked(lambda query: reply_to(query, unix + _1900_TO_1970)) == unix - 946684800


async def test_ntp_answers_that_are_none():
    good = 1763791200 + _1900_TO_1970
    assert await asked(lambda query: reply_to(query, good, first=0xE4)) is None  # not synchronised
    assert await asked(lambda query: reply_to(query, good, stratum=0)) is None  # kiss of death
    assert await asked(lambda query: reply_to(query, good, first=0x23)) is None  # a client's
    assert await asked(lambda query: reply_to(query, _1900_TO_1970 + 10)) is None  # 1970
    assert await asked(lambda query: reply_to(query, good)[:40]) is None


async def test_ntp_answers_to_somebody_else_are_not_taken():
    assert await asked(lambda query: reply_to(query, 1763791200 + _1900_TO_1970, origin=b"12345678")) is None


async def test_the_node_sets_its_clock():
    class Rtc:
        fields = None

        def datetime(self, fields):
            self.fields = fields

    class Wifi:
        def joined(self):
            return True

        def dns(self):
            return "127.0.0.1"

    async def ask(_):
        return 1763791200 - 946684800

    rtc = Rtc()
    with Replaced(clock, "_ask", ask):
        task = asyncio.create_task(clock.run("127.0.0.1", Wifi(), rtc))
        await asyncio.sleep_ms(20)
        task.cancel()
    assert rtc.fields == (2025, 11, 22, 6, 6, 0, 0, 0)
