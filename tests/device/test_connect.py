"""node.jobs.connect: when and where the next attempt is made, what goes on meanwhile, how a failure is reported."""

import asyncio

from guarded import guarded
from clock import Clock
from node.jobs import connect
from node.faults import Faults
from node.outbox import Outbox
from node.session import Session

CHANNELS = [(b"sensors/n1/lux", b"late/n1/lux", "%.2f", False)]


class Client:
    """The part of umqtt's client that is used here."""

    client_id = b"n1"
    port = 1883
    keepalive = 30
    pid = 0
    sock = None


class Station:
    joined = True

    def isconnected(self):
        return self.joined


class Rtc:
    """A machine.RTC() that counts the writes to its memory."""

    writes = 0

    def memory(self, data=None):
        if data is None:
            return b""
        self.writes += 1


class Bench:
    """connect.run() on a clock of its own; `attempt` stands in for the attempt itself."""

    def __init__(self, attempt, servers=("a",), rtc=None):
        self.clock = Clock()
        self.connect = connect
        self.connect.connect = self.attempt
        self.connect.uptime = lambda: self.clock.elapsed_ms() // 1000
        self.act = attempt
        self.faults = Faults()
        settings = {"server": list(servers), "homeassistant": False}
        outbox = Outbox(8, CHANNELS, rtc)
        self.session = Session(Client(), None, Station(), outbox, [], self.faults, settings, "power")
        self.tried = []  # (ms, server)

    async def attempt(self, session):
        session.enter("connecting")
        self.tried.append((self.clock.elapsed_ms(), session.settings["server"][session.server]))
        self.act(session)

    async def attempts(self, count):
        task = asyncio.create_task(guarded(self.connect.run(self.session)))
        while len(self.tried) < count and not task.done():
            await self.clock.sleep_ms(100)
        task.cancel()
        del self.tried[count:]  # with a list, several are tried at once
        return [b - a for (a, _), (b, _) in zip(self.tried, self.tried[1:])]


def fails(session):
    raise OSError("no route")


def pauses(bench, count, connected_s=None):
    """The pauses after `count` failures; connected_s: how long the failed connections had lasted."""
    found = []
    for _ in range(count):
        bench.session.up_at_s = connected_s and bench.connect.uptime() - connected_s
        found.append(bench.connect._pause(bench.session))
    return found


def test_pauses_are_at_random_and_grow_to_ten_seconds():
    most = [0] * 8
    least = [10000] * 8
    for _ in range(300):
        for i, ms in enumerate(pauses(Bench(fails), 8)):
            most[i] = max(most[i], ms)
            least[i] = min(least[i], ms)
    for i, bound in enumerate((2000, 4000, 8000, 10000, 10000, 10000, 10000, 10000)):
        assert 1000 <= least[i] < 1000 + bound // 10 and bound - bound // 10 < most[i] <= bound, (least, most)


def test_a_connection_that_lasted_makes_the_pauses_short_again():
    bench = Bench(fails)
    bench.connect.uptime = lambda: 1000
    assert max(max(pauses(bench, 8)) for _ in range(20)) > 5000
    assert max(max(pauses(bench, 3, connected_s=15)) for _ in range(20)) <= 2000
    pauses(bench, 8)
    assert max(max(pauses(bench, 8, connected_s=14)) for _ in range(20)) > 5000  # one that did not


async def test_attempts_are_made_again_and_again():
    bench = Bench(fails)
    gaps = await bench.attempts(5)
    for gap, longest in zip(gaps, (2000, 4000, 8000, 10000)):
        assert 1000 <= gap <= longest, gaps
    assert bench.faults.current == (2, "a:1883: no route")


def test_a_server_may_have_a_port_of_its_own():
    bench = Bench(fails, servers=("a:1884", "b"))
    assert connect.server(bench.session) == ("a", 1884)
    bench.session.server = 1
    assert connect.server(bench.session) == ("b", 1883)


async def test_the_servers_of_a_list_are_tried_at_once_and_then_there_is_a_pause():
    bench = Bench(fails, servers=("a", "b", "c"))
    gaps = await bench.attempts(7)
    assert [server for _, server in bench.tried] == list("abcabca")
    for i, gap in enumerate(gaps):
        assert (gap >= 1000) if i in (2, 5) else (gap == 0), gaps


async def test_the_server_that_was_lost_is_the_first_to_be_tried_again():
    def second(session):
        if session.settings["server"][session.server] == "a":
            fails(session)
        session.up_at_s = 0

    bench = Bench(second, servers=("a", "b"))
    await bench.attempts(2)
    assert bench.tried[-1][1] == "b"
    bench.session.close("closed by the broker")
    await bench.attempts(3)
    assert bench.tried[-1][1] == "b"


async def test_it_waits_for_the_link_and_tells_nothing_of_the_broker():
    bench = Bench(fails)
    bench.session.sta.joined = False
    bench.session.close("Wi-Fi is lost")
    task = asyncio.create_task(guarded(bench.connect.run(bench.session)))
    await bench.clock.sleep_ms(5000)
    assert bench.tried == [] and bench.faults.version == 0
    bench.session.sta.joined = True
    await bench.clock.sleep_ms(500)
    assert len(bench.tried) == 1
    task.cancel()


async def test_it_ends_when_the_node_stops():
    bench = Bench(fails)
    bench.session.sta.joined = False
    task = asyncio.create_task(guarded(bench.connect.run(bench.session)))
    await bench.clock.sleep_ms(1000)
    bench.session.enter("stopping")
    await bench.clock.sleep_ms(500)
    assert task.done() and bench.tried == []


async def test_readings_of_an_outage_are_copied_every_ten_seconds():
    rtc = Rtc()
    bench = Bench(fails, rtc=rtc)
    bench.session.sta.joined = False
    task = asyncio.create_task(guarded(bench.connect.run(bench.session)))
    await bench.clock.sleep_ms(25000)
    assert rtc.writes == 0  # no reading yet
    bench.session.outbox.put(0, 1)
    await bench.clock.sleep_ms(25000)
    task.cancel()
    assert 3 <= rtc.writes <= 4, rtc.writes  # one by put()


def test_a_reading_that_was_under_way_may_be_dropped_after_the_connection():
    bench = Bench(fails)
    bench.session.outbox.put(0, 1)
    bench.session.outbox.oldest()
    bench.session.close("no answer")
    for i in range(2, 10):
        bench.session.outbox.put(0, i)
    assert bench.session.outbox.oldest()[1] == 2


def test_one_fault_of_the_session_at_a_time():
    bench = Bench(fails)
    for code, name in ((1, "refused"), (2, "broker"), (5, "publish"), (2, "broker")):
        bench.session.lost_by = "because"
        bench.connect.tell(bench.session, name)
        assert bench.faults.current == (code, "a:1883: because")
    bench.connect.tell(bench.session, None)
    assert bench.faults.current is None
