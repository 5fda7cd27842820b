"""node.session: what is published first, and how; tests/e2e and tests/survival have the connection itself."""

import asyncio
import json
import time

from guarded import guarded
import node
from node.faults import Faults
from node.outbox import Outbox
from node.session import Session

CHANNELS = [
    (b"sensors/n1/lux", b"late/n1/lux", "%.2f", False),
    (b"house/t", b"late/n1/t", "%.1f", False),
    (b"house/door", b"late/n1/contact", "%.0f", True),
]


class Client:
    client_id = b"n1"
    port = 1883
    keepalive = 30
    pid = 0
    sock = None


class Station:
    def isconnected(self):
        return True

    def status(self, what):
        return -61


class Connected(Session):
    """A connected session, with its publications in `said`; it stops when it has nothing more to publish."""

    def __init__(self, ntp=None):
        settings = {"server": ["a"], "homeassistant": False, "ntp": ntp, "stats_s": None}
        Session.__init__(self, Client(), None, Station(), Outbox(8, CHANNELS), [], Faults(), settings, "power")
        self.said = []
        self.enter("up")
        self.fault_told = self.faults.version
        self.stats_due_s = 1 << 29
        self._answered_at = time.ticks_ms()  # when the login was answered
        self.broken = False

    async def publish(self, topic, data, qos=1, retain=False):
        if self.broken:
            self.close("broken")
            raise OSError(self.lost_by)
        self.said.append((topic, data, qos, retain))

    def exchange(self):
        self.enter("stopping")

    async def _do(self, name, *args):
        if name in ("ntp", "command"):
            if name == "ntp":
                self.clock_due_s += 1000
            self.said.append((name,) + args)
        else:
            await Session._do(self, name, *args)

    async def serve(self):
        await asyncio.wait_for(guarded(self._serve()), 5)
        return self.said


async def test_live_readings_are_the_number_with_its_decimals():
    session = Connected()
    for channel, value in ((0, 123.45), (0, 0), (1, 21.26), (2, 1)):
        session.outbox.put(channel, value)
    assert await session.serve() == [
        (b"sensors/n1/lux", b"123.45", 1, False),
        (b"sensors/n1/lux", b"0.00", 1, False),
        (b"house/t", b"21.3", 1, False),
        (b"house/door", b"1", 1, True),
    ]
    assert session.outbox.count == 0


async def test_one_that_is_not_acknowledged_stays():
    session = Connected()
    session.outbox.put(0, 1)
    session.broken = True
    try:
        await session.serve()
        raise AssertionError
    except OSError:
        pass
    assert session.outbox.count == 1 and session.outbox.oldest()[1] == 1


async def test_commands_and_faults_before_readings_late_ones_before_live_ones():
    session = Connected(ntp="pool")
    for i in range(2):
        session.outbox.put(0, i)
    session.outbox.late = 1
    session.faults.begin("sensor", "no answer")
    session.jobs = [("command", b"cmd/n1/read", b"", 0)]
    session.clock_due_s = node.uptime()

    said = await session.serve()
    assert said[0] == ("command", b"cmd/n1/read", b"", 0)
    assert [what[0] for what in said[1:]] == [b"fault/n1", "ntp", b"late/n1/lux", b"sensors/n1/lux"]
    assert said[1][1:] == (b'{"code":4,"name":"sensor","detail":"no answer"}', 1, True)


async def test_a_fault_is_told_once_a_change_and_its_end_too():
    session = Connected()
    session.fault_told = None
    said = await session.serve()
    assert said == [(b"fault/n1", b'{"code":0}', 1, True)]
    session.state = "up"
    session.faults.begin("broker", 'a "quoted" detail')
    await session.serve()
    assert said[1:] == [(b"fault/n1", b'{"code":2,"name":"broker","detail":"a \\"quoted\\" detail"}', 1, True)]
    session.state = "up"
    await session.serve()
    assert len(said) == 2


async def test_statistics_are_told_when_they_are_due():
    session = Connected()
    session.settings["stats_s"] = 300
    session.stats_due_s = node.uptime()
    session.reconnects = 2
    session.outbox.dropped = 5
    ((topic, data, qos, retain),) = await session.serve()
    assert (topic, qos, retain) == (b"stats/n1", 0, True)
    stats = json.loads(data)
    free = stats.pop("free")
    uptime_s = stats.pop("uptime_s")
    assert 0 <= stats.pop("online_s") <= uptime_s and 0 <= stats.pop("reading_s") <= uptime_s
    assert stats == {"rssi": -61, "reconnects": 2, "dropped": 5, "reset": "power", "version": node.VERSION}
    assert free > 1000 and 0 <= uptime_s <= node.uptime()
    assert 298 <= session.stats_due_s - node.uptime() <= 300


async def test_without_statistics_nothing_is_due_ever_after():
    session = Connected()
    session.stats_due_s = 0
    assert await session.serve() == []
    assert not session.has_news()


async def test_a_lost_link_ends_it():
    session = Connected()
    session.sta.isconnected = lambda: False
    try:
        await session.serve()
        raise AssertionError
    except OSError as e:
        assert str(e) == "Wi-Fi is lost"


async def test_a_job_that_crashes_is_for_the_guard_and_leaves_no_connection_open():
    """With any exception: an OSError of a file is no lost connection."""

    class Socket:
        closed = False

        def close(self):
            self.closed = True

    for error in (ValueError("a bug"), OSError(28), OSError(2), MemoryError()):
        session = Connected()
        sock = Socket()
        session.open(sock)
        session.jobs = [("command",)]

        async def do(name, *args):
            if name == "command":
                raise error

        session._do = do
        try:
            await session.run()
            raise AssertionError
        except (ValueError, OSError, MemoryError) as e:
            assert e is error
        assert sock.closed and session.sock is None and session.state == "lost" and session.fault


class Flood:
    """A socket with waiting messages; the bytes written to it are in `sent`."""

    def __init__(self, count, qos=1):
        self.data = b""
        self.sent = b""
        for pid in range(1, count + 1):
            body = b"\0\4cmd/" + (bytes((0, pid)) if qos else b"") + b"on"
            self.data += bytes((0x30 | qos << 1, len(body))) + body

    def readinto(self, buffer):
        count = min(len(buffer), len(self.data))
        buffer[:count] = self.data[:count]
        self.data = self.data[count:]
        return count or None

    def write(self, buffer, start, size):
        self.sent += bytes(buffer[start : start + size])
        return size


def flooded(sock):
    session = Connected()
    session.open(sock)
    while sock.data:
        Session.exchange(session)
        assert session.lost_by is None
    return session


def test_a_message_is_acknowledged_by_its_job_so_that_the_broker_waits():
    sock = Flood(20)  # as many as Mosquitto leaves unacknowledged
    session = flooded(sock)
    assert session.jobs == [("command", b"cmd/", b"on", 0, pid) for pid in range(1, 21)]
    assert sock.sent == b""
    session.acknowledge(session.jobs[0][-1])
    Session.exchange(session)
    assert sock.sent == b"\x40\x02\0\1"


def test_what_is_more_than_that_is_acknowledged_and_left_out():
    sock = Flood(30)
    assert len(flooded(sock).jobs) == 20
    assert sock.sent == b"".join([bytes((0x40, 2, 0, pid)) for pid in range(21, 31)])
    sock = Flood(30, qos=0)
    assert len(flooded(sock).jobs) == 20
    assert sock.sent == b""
