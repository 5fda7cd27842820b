"""The cases of stepwise.py for node.session, whose work is done by coroutines.

In place of a step, this measures the time between two turns of the loop, in a coroutine that only waits for its next
turn.
"""

import asyncio
import gc
import json
from time import ticks_diff, ticks_ms, ticks_us

from guarded import guarded
from node import session
from node.faults import Faults
from node.outbox import Outbox
from stepwise import PAYLOAD, TOPIC, WARM
from umqtt.simple import MQTTClient

_SETTINGS = {"server": ["127.0.0.1"], "homeassistant": False, "ntp": None}
_KEEPALIVE_S = 5


class Station:
    """network.WLAN()."""

    def isconnected(self):
        return True


class Work:
    """The case as a job of the session: only the session's coroutine may publish."""

    def __init__(self, function, *args):
        self.function = function
        self.args = args
        self.result = None
        self.done = False

    async def run(self, session):
        self.result = await self.function(session, *self.args)
        self.done = True

    async def wait(self, made):
        made.jobs.append(("work", self))
        while not self.done:
            await asyncio.sleep_ms(10)
        return self.result


class Turns:
    """Runs beside the other coroutines, and keeps the longest time between two of its turns, in microseconds."""

    def __init__(self):
        self.longest = 0

    async def run(self):
        last = ticks_us()
        while True:
            await asyncio.sleep_ms(0)
            now = ticks_us()
            self.longest = max(self.longest, ticks_diff(now, last))
            last = now


async def publish(session, qos, publications):
    for _ in range(publications):
        await session.publish(TOPIC, PAYLOAD, qos)


async def publish_for(session, seconds, qos=1):
    """Publish one message after the other; return how many a second."""
    sent = 0
    start = ticks_ms()
    while ticks_diff(ticks_ms(), start) < 1000 * seconds:
        await session.publish(TOPIC, PAYLOAD, qos)
        sent += 1
    return 1000 * sent / ticks_diff(ticks_ms(), start)


async def silent(session, seconds):
    start = ticks_ms()
    while ticks_diff(ticks_ms(), start) < 1000 * seconds:
        session.outbox.put(0, 250.01)
        await asyncio.sleep_ms(100)


async def rates(session, seconds):
    found = []
    for qos in (0, 1):
        await publish(session, qos, WARM)
        gc.collect()
        found.append(await publish_for(session, seconds, qos))
    return found


async def holds(session, case, seconds):
    """The longest time between two turns, in milliseconds."""
    turns = Turns()
    if case == "hold":
        await Work(publish, 1, WARM).wait(session)
        gc.collect()
    asyncio.create_task(turns.run())
    if case == "hold":
        await Work(publish_for, seconds).wait(session)
    elif case == "silent":
        await silent(session, seconds)
    else:
        await asyncio.sleep_ms(1000 * seconds)
    return turns.longest / 1000


class Session(session.Session):
    """A session that does the benchmark's work."""

    async def _do(self, name, *args):
        if name == "work":
            await args[0].run(self)
        else:
            await session.Session._do(self, name, *args)

    def has_news(self):
        return False


def connection(port):
    client = MQTTClient(b"bench", "", port, None, None, _KEEPALIVE_S)
    client.set_last_will(b"status/bench", b"offline", True, 1)
    outbox = Outbox(64, [(TOPIC, b"late/bench/lux", "%.2f", False)])
    announced = b"connect/bench", b"5ccf7f000001"
    return Session(client, announced, Station(), outbox, [], Faults(), _SETTINGS, "power")


async def _main(case, port, amount):
    made = connection(port)
    asyncio.create_task(guarded(made.run()))
    if case != "dead":
        while made.state != "up":
            await asyncio.sleep_ms(10)
        print("up")
    if case == "rate":
        return await Work(rates, amount).wait(made)
    if case == "count":
        await Work(publish, 1, amount).wait(made)
        await asyncio.sleep_ms(100)
        return 0
    return await holds(made, case, amount)


def main(case, port, amount):
    print(json.dumps(asyncio.run(_main(case, port, amount))))
