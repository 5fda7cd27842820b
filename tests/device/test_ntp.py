"""node.jobs.ntp: good and bad answers of a server that the test runs."""

import asyncio
import socket

import machine
from loopback import bound
from node import KNOWN, LAST, resolve, uptime
from node.jobs import ntp
from replaced import Replaced

_1900_TO_1970 = 2208988800


def reply_to(query, seconds, first=0x24, stratum=2, origin=None):
    reply = bytearray(48)
    reply[0] = first
    reply[1] = stratum
    reply[24:32] = query[40:48] if origin is None else origin
    reply[40:44] = (seconds % (1 << 32)).to_bytes(4, "big")
    return reply


async def asked(make_reply):
    """The result of ask() for the answer that make_reply(query) returns."""
    server, port = bound(socket.SOCK_DGRAM)
    ask = resolve.ask

    def redirected(host, _, *rest):
        return ask(host, port, *rest)

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
            return await ntp.ask(resolve, "127.0.0.1")
    finally:
        task.cancel()
        server.close()


async def test_times_that_are_taken_and_those_that_are_not():
    for unix, taken in (
        (1763791200, True),
        (2085978495, True),  # the last second of NTP's first era
        (2085978497, True),  # its second era, from 2036 on
        (2200000000, True),
        (946684800 + LAST, True),  # 2068-01-19
        (946684800 + LAST + 1, False),
        (946684800 + KNOWN, True),
        (946684800 + KNOWN - 1, False),
        (10, False),  # 1970
        (4102444800, False),  # 2100
    ):
        found = await asked(lambda query: reply_to(query, unix + _1900_TO_1970))
        assert found == (unix - 946684800 if taken else None), unix


async def test_ntp_answers_that_are_none():
    good = 1763791200 + _1900_TO_1970
    for make_reply in (
        lambda query: reply_to(query, good, first=0xE4),  # not synchronised
        lambda query: reply_to(query, good, stratum=0),  # kiss of death
        lambda query: reply_to(query, good, stratum=16),  # not synchronised
        lambda query: reply_to(query, good, first=0x23),  # a client's
        lambda query: reply_to(query, good)[:47],
        lambda query: reply_to(query, 0),  # a transmit timestamp of 0
    ):
        assert await asked(make_reply) is None


async def test_ntp_answers_to_somebody_else_are_not_taken():
    assert await asked(lambda query: reply_to(query, 1763791200 + _1900_TO_1970, origin=b"12345678")) is None


class Rtc:
    fields = None

    def datetime(self, fields):
        Rtc.fields = fields


class Session:
    settings = {"ntp": "127.0.0.1"}
    clock_due_s = 0


async def set_by(ask):
    """Run the job with `ask` as its question; return (the time set, seconds until the next question)."""
    Rtc.fields = None
    with Replaced(machine, "RTC", Rtc), Replaced(ntp, "ask", ask):
        await ntp.run(Session)
    return Rtc.fields, Session.clock_due_s - uptime()


async def test_the_node_sets_its_clock_and_again_in_an_hour():
    async def ask(resolve, server):
        assert server == "127.0.0.1"
        # gmtime() counts from 1970 on the Unix port, from 2000 on the board.
        return 1763791200

    assert await set_by(ask) == ((2025, 11, 22, 6, 6, 0, 0, 0), 3600)


async def test_no_answer_leaves_the_clock_alone_and_is_asked_again_in_a_minute():
    async def silent(*_):
        return None

    async def fails(*_):
        raise OSError("nowhere is a name that 127.0.0.1 does not know")

    for ask in (silent, fails):
        assert await set_by(ask) == (None, 60)
