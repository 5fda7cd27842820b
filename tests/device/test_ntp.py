"""node.ntp: a server of the test's own, good and bad."""

import asyncio
import socket

from loopback import bound
from node import clock, ntp, resolve
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
            return await ntp._ask("127.0.0.1")
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
    with Replaced(ntp, "_ask", ask):
        task = asyncio.create_task(clock.run("127.0.0.1", Wifi(), rtc))
        await asyncio.sleep_ms(20)
        task.cancel()
    assert rtc.fields == (2025, 11, 22, 6, 6, 0, 0, 0)
