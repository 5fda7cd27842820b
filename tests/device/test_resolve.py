"""node.resolve: names by UDP from a DNS server of the test's own; nothing is held meanwhile."""

import asyncio
import socket
import time

from loopback import bound
from node import load

resolve = load("resolve")
is_address = resolve.is_address


class Session:
    """What the session keeps of the network, and of the names it knows."""

    def __init__(self, dns="127.0.0.1"):
        self.addresses = {}
        self.sta = self
        self.dns = dns

    def ifconfig(self):
        return "127.0.0.1", "255.0.0.0", "127.0.0.1", self.dns


A_RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\xa8\x01\xd2"
CNAME = b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3www\xc0\x0c"


class Server:
    """A DNS server; answer(query) returns its reply or None. `with Server(...)` sends the node's questions to it."""

    def __init__(self, answer):
        self.answer = answer
        self.queries = []
        self.sock, self.port = bound(socket.SOCK_DGRAM)

    def __enter__(self):
        self.ask = ask = resolve.ask
        resolve.ask = lambda host, _, *rest: ask("127.0.0.1", self.port, *rest)
        self.task = asyncio.create_task(self.serve())
        return self

    def __exit__(self, *_):
        resolve.ask = self.ask
        self.task.cancel()
        self.sock.close()

    async def serve(self):
        while True:
            await asyncio.sleep_ms(2)
            try:
                query, client = self.sock.recvfrom(512)
            except OSError:
                continue
            self.queries.append(query)
            reply = self.answer(query)
            if reply:
                self.sock.sendto(reply, client)


def reply_to(query, *records, code=0):
    head = query[:2] + bytes((0x81, 0x80 | code, 0, 1, 0, len(records), 0, 0, 0, 0))
    return head + query[12:] + b"".join(records)


async def raised(awaitable):
    try:
        await awaitable
    except OSError as e:
        return str(e)
    return None


async def test_an_address_is_not_looked_up():
    assert await resolve.address("192.168.1.210", Session("0.0.0.0")) == "192.168.1.210"


def test_what_an_address_is():
    for good in ("1.2.3.4", "255.255.255.255", "0.0.0.0"):
        assert is_address(good), good
    for bad in ("1.2.3", "1.2.3.256", "1.2.3.4.5", "a.b.c.d", "1.2.3.", "", "broker", "1.2.3.-4"):
        assert not is_address(bad), bad


async def test_a_name():
    with Server(lambda query: reply_to(query, A_RECORD)) as server:
        assert await resolve.address("broker.lan", Session()) == "192.168.1.210"
    assert server.queries[0][2:] == b"\1\0\0\1\0\0\0\0\0\0\6broker\3lan\0\0\1\0\1"


async def test_an_alias_and_its_address():
    with Server(lambda query: reply_to(query, CNAME, A_RECORD)):
        assert await resolve.address("alias.lan", Session()) == "192.168.1.210"


async def test_a_lost_question_is_asked_again_and_holds_nobody():
    lost = [1]
    longest = 0

    async def tick():
        nonlocal longest
        last = time.ticks_us()
        while True:
            await asyncio.sleep_ms(0)
            now = time.ticks_us()
            longest = max(longest, time.ticks_diff(now, last))
            last = now

    task = asyncio.create_task(tick())
    with Server(lambda query: None if lost and lost.pop() else reply_to(query, A_RECORD)) as server:
        assert await resolve.address("lossy.lan", Session()) == "192.168.1.210"
    task.cancel()
    assert len(server.queries) == 2
    assert longest < 50000, longest  # one try is 1,500,000


async def test_when_the_server_is_silent_the_last_good_answer_serves():
    session = Session()
    with Server(lambda query: reply_to(query, A_RECORD)):
        await resolve.address("known.lan", session)
    with Server(lambda query: None):
        assert await resolve.address("known.lan", session) == "192.168.1.210"
        assert "no answer" in await raised(resolve.address("unknown.lan", session))


async def test_a_changed_address_is_noticed():
    session = Session()
    with Server(lambda query: reply_to(query, A_RECORD)):
        await resolve.address("moving.lan", session)
    with Server(lambda query: reply_to(query, A_RECORD[:-1] + b"\x05")):
        assert await resolve.address("moving.lan", session) == "192.168.1.5"


async def test_names_that_do_not_exist():
    with Server(lambda query: reply_to(query, code=3)):
        assert "does not know" in await raised(resolve.address("nowhere.lan", Session()))
    assert "DNS server" in await raised(resolve.address("no.server", Session("0.0.0.0")))
    assert "not a host name" in await raised(resolve.address("two..dots", Session()))


async def test_a_reply_to_another_question_is_not_taken():
    with Server(lambda query: b"\0\0" + reply_to(query, A_RECORD)[2:]):
        assert "no answer" in await raised(resolve.address("other.lan", Session()))


def test_broken_replies_hold_no_address():
    reply = reply_to(resolve._query("broken.lan"), A_RECORD)
    assert resolve._take(reply) == "192.168.1.210"
    assert resolve._take(reply[:2] + b"\1" + reply[3:]) is None  # a question
    assert resolve._take(reply[:12] + b"\xff" * 30) is None
    for size in range(len(reply)):
        assert resolve._take(reply[:size]) is None, size


def test_no_reply_can_do_harm():
    import random

    random.seed(2)
    good = reply_to(resolve._query("broker.lan"), CNAME, A_RECORD)
    for _ in range(3000):
        reply = bytearray(good)
        for _ in range(random.randrange(1, 5)):
            reply[random.randrange(len(reply))] = random.getrandbits(8)
        found = resolve._take(memoryview(reply)[: random.randrange(len(reply) + 1)])
        assert found is None or is_address(found)
