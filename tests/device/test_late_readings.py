"""node.jobs.late_readings: the readings of an outage, in order, each until acknowledged, with its time."""

import json

import node
from node.jobs import late_readings
from node.outbox import Outbox
from replaced import Replaced

CHANNELS = [
    (b"sensors/n1/lux", b"late/n1/lux", "%.2f", False),
    (b"house/t", b"late/n1/t", "%.1f", False),
    (b"house/door", b"late/n1/contact", "%.0f", True),
]


class Session:
    """Takes `good` publications, then raises at the next; stops after `last`."""

    def __init__(self, size=8, good=1000, last=1000):
        self.outbox = Outbox(size, CHANNELS)
        self.state = "up"
        self.messages = []
        self.good = good
        self.last = last

    async def publish(self, topic, payload, qos=1, retain=False):
        assert type(topic) is bytes and type(payload) is bytes
        assert (qos, retain) == (1, topic == b"house/door")
        if len(self.messages) == self.good:
            raise OSError("broken")
        self.messages.append((topic, payload))
        if len(self.messages) == self.last:
            self.state = "stopping"

    async def run(self):
        self.outbox.late = self.outbox.count
        await late_readings.run(self)


class Calendar:
    """Replaces node's `time`."""

    def __init__(self, seconds=1):
        self.seconds = seconds

    def time(self):
        return self.seconds

    def ticks_ms(self):
        return 0

    def ticks_diff(self, a, b):
        return a - b


async def test_readings_of_an_outage_are_late_with_their_time():
    session = Session()
    with Replaced(node, "time", Calendar(817106400)):
        session.outbox.put(0, 1.5)
        node.time.seconds += 60
        session.outbox.put(1, 2)
        await session.run()
    assert session.messages == [
        (b"late/n1/lux", b'{"v":1.50,"ts":1763791200}'),
        (b"late/n1/t", b'{"v":2.0,"ts":1763791260}'),
    ]
    assert session.outbox.count == session.outbox.late == 0


async def test_without_a_calendar_they_have_their_age():
    session = Session()
    with Replaced(node, "time", Calendar()), Replaced(node, "last", None), Replaced(node, "s", 1000):
        session.outbox.put(0, 1)
        node.s += 84
        await session.run()
    assert session.messages == [(b"late/n1/lux", b'{"v":1.00,"age_s":84}')]


def test_a_calendar_that_comes_later_dates_what_came_before():
    with Replaced(node, "time", Calendar()) as calendar, Replaced(node, "last", None), Replaced(node, "s", 100):
        moment = node.stamp()
        node.s += 340
        assert late_readings.when(moment) == '"age_s":340'
        calendar.seconds = 800000000
        assert late_readings.when(moment) == '"ts":%d' % (800000000 + 946684800 - 340)
        assert late_readings.when(-60) == '"ts":%d' % (800000000 + 946684800 - 500)  # from the previous run
        assert late_readings.when(node.stamp()) == '"ts":%d' % (800000000 + 946684800)


async def test_a_state_is_retained_and_brought_up_to_date():
    session = Session()
    session.outbox.put(2, 1)
    session.outbox.put(2, 0)
    await session.run()
    assert [topic for topic, _ in session.messages] == [b"late/n1/contact", b"house/door"] * 2
    assert [message for message in session.messages if message[0] == b"house/door"] == [
        (b"house/door", b"1"),
        (b"house/door", b"0"),
    ]


async def test_what_is_not_acknowledged_comes_again_in_order():
    session = Session(good=1)
    for i in range(3):
        session.outbox.put(0, i)
    try:
        await session.run()
        raise AssertionError
    except OSError:
        pass
    assert session.outbox.count == 2
    session.good = 1000
    await session.run()
    assert [json.loads(payload)["v"] for _, payload in session.messages] == [0, 1, 2]
    assert {topic for topic, _ in session.messages} == {b"late/n1/lux"}


async def test_readings_taken_meanwhile_are_left_for_the_session():
    session = Session()
    session.outbox.put(0, 1)
    session.outbox.late = 1
    session.outbox.put(0, 2)
    await late_readings.run(session)
    assert len(session.messages) == 1 and session.outbox.count == 1
    assert session.outbox.oldest()[1] == 2


async def test_a_node_that_is_told_to_stop_does_not_send_them_all():
    session = Session(last=2)
    for i in range(5):
        session.outbox.put(0, i)
    await session.run()
    assert session.outbox.count == 3
