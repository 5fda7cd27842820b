"""node.publisher: live and late readings, in order, each until it is acknowledged."""

import asyncio
import json
import time

from node import clock
from node.session import Down
from node.outbox import Outbox
from node.publisher import Publisher

CHANNELS = [
    (b"sensors/n1/lux", b"late/n1/lux", "%.2f", False),
    (b"house/t", b"late/n1/t", "%.1f", False),
    (b"house/door", b"late/n1/contact", "%.0f", True),
]


class Session:
    """Takes publications, or fails them while `broken`."""

    def __init__(self):
        self.up = False
        self.epoch = 0
        self.broken = False
        self.messages = []

    def connect(self):
        self.epoch += 1
        self.up = True

    async def publish(self, topic, payload, qos=1, retain=False):
        await asyncio.sleep_ms(1)
        if self.broken:
            self.up = False
            raise Down("broken")
        assert (qos, retain) == (1, topic == b"house/door")
        self.messages.append((topic, payload))


async def served(session, outbox, do, ms=20):
    """Run a publisher while do() and then some time goes on."""
    task = asyncio.create_task(Publisher(outbox, session, CHANNELS).run())
    await asyncio.sleep_ms(5)
    do()
    await asyncio.sleep_ms(ms)
    task.cancel()


def nodes():
    return Session(), Outbox(8, CHANNELS)


async def test_live_readings_are_the_number_with_its_decimals():
    session, outbox = nodes()
    session.connect()

    def do():
        outbox.put(0, 123.45)
        outbox.put(0, 0)
        outbox.put(1, 21.26)

    await served(session, outbox, do)
    assert session.messages == [(b"sensors/n1/lux", b"123.45"), (b"sensors/n1/lux", b"0.00"), (b"house/t", b"21.3")]
    assert len(outbox) == 0


async def test_readings_of_an_outage_are_late_with_their_time():
    session, outbox = nodes()
    outbox.put(0, 1.5)
    outbox.put(1, 2)

    def do():
        session.connect()

    await served(session, outbox, do, 400)
    assert [topic for topic, _ in session.messages] == [b"late/n1/lux", b"late/n1/t"]
    first = json.loads(session.messages[0][1])
    assert first["v"] == 1.5
    assert abs(first["ts"] - time.time()) <= 2
    assert session.messages[0][1].startswith(b'{"v":1.50,"ts":')


async def test_a_state_is_retained_and_brought_up_to_date_after_an_outage():
    session, outbox = nodes()
    outbox.put(2, 1)
    outbox.put(2, 0)

    def do():
        session.connect()

    await served(session, outbox, do, 400)
    outbox.put(2, 1)
    await served(session, outbox, lambda: None)
    assert [message for message in session.messages if message[0] == b"house/door"] == [
        (b"house/door", b"1"),
        (b"house/door", b"0"),
        (b"house/door", b"1"),
    ]
    assert [topic for topic, _ in session.messages].count(b"late/n1/contact") == 2


async def test_without_a_calendar_they_have_their_age():
    session, outbox = nodes()
    known = clock.now
    clock.now = lambda: None
    try:
        outbox.put(0, 1)
        clock._s += 84
        await served(session, outbox, session.connect, 400)
    finally:
        clock.now = known
        clock._s -= 84
    assert session.messages == [(b"late/n1/lux", b'{"v":1.00,"age_s":84}')]


async def test_what_is_not_acknowledged_comes_again_late_and_in_order():
    session, outbox = nodes()
    session.connect()

    def do():
        session.broken = True
        for i in range(3):
            outbox.put(0, i)

    await served(session, outbox, do)
    assert session.messages == []
    assert len(outbox) == 3
    session.broken = False

    def again():
        session.connect()
        outbox.put(0, 3)

    await served(session, outbox, again, 400)
    assert [topic for topic, _ in session.messages][:3] == [b"late/n1/lux"] * 3
    assert [json.loads(payload)["v"] for _, payload in session.messages[:3]] == [0, 1, 2]
    assert len(session.messages) == 4
    assert len(outbox) == 0


async def test_readings_after_the_reconnection_are_live():
    session, outbox = nodes()
    session.connect()
    outbox.put(0, 1)
    outbox.late = 0

    async def later():
        await asyncio.sleep_ms(100)
        outbox.put(0, 2)

    await served(session, outbox, lambda: asyncio.create_task(later()), 300)
    assert session.messages[-1] == (b"sensors/n1/lux", b"2.00")
