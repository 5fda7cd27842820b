"""node.resolve: names by UDP from the test's own DNS server, without holding up the event loop."""

import asyncio
import socket
import time

from loopback import bound
from node import resolve

is_address = resolve.is_address


class Session:
    """The session's state of the network, and its known names."""

    def __init__(self, dns="127.0.0.1"):
        self.addresses = {}
        self.sta = self
        self.dns = dns

    def ifconfig(self):
        return "127.0.0.1", "255.0.0.0", "127.0.0.1", self.dns


A_RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\xa8\x01\xd2"
CNAME = b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3www\xc0\x0c"


class Server:
    """A DNS server; answer(query) returns its reply or None. `with Server(...)` sends the node's questions to it.

    local: the same for multicast questions. stranger: replies come from another port.
    """

    def __init__(self, answer, local=None, stranger=False):
        self.answer = answer
        self.local = local or (lambda query: None)
        self.queries = []
        self.sock, self.port = bound(socket.SOCK_DGRAM)
        self.sender = bound(socket.SOCK_DGRAM)[0] if stranger else self.sock

    def __enter__(self):
        self.ask = resolve.ask
        resolve.ask = self.redirected
        self.task = asyncio.create_task(self.serve())
        return self

    async def redirected(self, host, port, *rest):
        if host == "224.0.0.251":
            assert port == 5353
            return self.local(rest[0])
        assert port == 53
        return await self.ask("127.0.0.1", self.port, *rest)

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
                self.sender.sendto(reply, client)


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
        while True:
            last = time.clock()  # CPU time, which other programs do not change
            await asyncio.sleep_ms(0)
            longest = max(longest, time.clock() - last)

    task = asyncio.create_task(tick())
    with Server(lambda query: None if lost and lost.pop() else reply_to(query, A_RECORD)) as server:
        assert await resolve.address("lossy.lan", Session()) == "192.168.1.210"
    task.cancel()
    assert len(server.queries) == 2
    assert longest < 0.05, longest


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


def known(query):
    return reply_to(query, A_RECORD)


def unknown(query):
    return reply_to(query, code=3)


def silent(query):
    return None


async def test_what_is_said_of_a_name_without_an_address_names_who_was_asked():
    broken = "%s cannot be looked up, "
    nobody = "no answer from %s"
    for name, dns, answer, local, why in (
        ("nowhere.lan", "127.0.0.1", unknown, None, "127.0.0.1 does not know it"),
        ("nowhere.lan", "127.0.0.1", lambda query: reply_to(query), None, "127.0.0.1 does not know it"),
        ("lan", "127.0.0.1", silent, None, nobody % "127.0.0.1"),
        ("no.server", "0.0.0.0", known, None, "the network gave no DNS server"),
        ("no.server", "", known, None, "the network gave no DNS server"),
        ("pi.local", "127.0.0.1", unknown, silent, nobody % "224.0.0.251" + ", 127.0.0.1 does not know it"),
        ("pi.local", "127.0.0.1", silent, unknown, "224.0.0.251 does not know it, " + nobody % "127.0.0.1"),
        ("PI.LOCAL", "0.0.0.0", silent, silent, nobody % "224.0.0.251" + ", the network gave no DNS server"),
    ):
        with Server(answer, local):
            assert await raised(resolve.address(name, Session(dns))) == broken % name + why


async def test_a_local_name_is_had_from_its_owner_or_from_the_router():
    for name, answer, local in (
        ("pi.local", silent, known),
        ("pi.local", unknown, known),
        ("pi.local", known, silent),
        ("pi.local", known, unknown),
        ("Pi.Local", known, silent),
        ("local.lan", known, None),
    ):
        with Server(answer, local):
            assert await resolve.address(name, Session()) == "192.168.1.210", name


async def test_a_reply_that_is_not_to_this_question_is_not_taken():
    for answer, stranger in (
        (lambda query: b"\0\0" + known(query)[2:], False),  # another identifier
        (known, True),  # from another port than the server's
        (lambda query: known(query.replace(b"other", b"Other")), False),
        (lambda query: known(query.replace(b"\3lan", b"\3lam")), False),
        (lambda query: query, False),  # an echo
    ):
        with Server(answer, stranger=stranger):
            assert "cannot be looked up" in await raised(resolve.address("other.lan", Session()))


def test_broken_replies_hold_no_address():
    query = b"hn" + resolve._question("broken.lan")
    reply = reply_to(query, A_RECORD)
    assert resolve._take(reply, query) == "192.168.1.210"
    assert resolve._take(reply[:2] + b"\1" + reply[3:], query) is None  # a question
    assert resolve._take(reply[:12] + b"\xff" * 30, query) is None
    for size in range(len(reply)):
        assert resolve._take(reply[:size], query) is None, size


def test_no_reply_can_do_harm():
    import random

    random.seed(2)
    query = b"hn" + resolve._question("broker.lan")
    good = reply_to(query, CNAME, A_RECORD)
    for _ in range(3000):
        reply = bytearray(good)
        for _ in range(random.randrange(1, 5)):
            reply[random.randrange(len(reply))] = random.getrandbits(8)
        found = resolve._take(bytes(reply[: random.randrange(len(reply) + 1)]), query)
        assert found is None or is_address(found)
