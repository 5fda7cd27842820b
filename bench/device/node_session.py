"""The cases of stepwise.py for node.session, whose work is done by coroutines.

What others call a step is here what lies between two turns of the loop, as a coroutine sees it that only waits for its
next one.
"""

import asyncio
import gc
import json
from time import ticks_diff, ticks_ms, ticks_us

from node.session import Down, Session
from stepwise import PAYLOAD, TOPIC, WARM

_SETTINGS = {"server": "127.0.0.1", "port": 0, "user": None, "password": None, "keepalive_s": 5}


class Faults:
    def begin(self, code, detail, source=None):
        print("fault", code, detail)

    def clear(self, code, source=None):
        pass


class Wifi:
    def joined(self):
        return True

    def dns(self):
        return "127.0.0.1"


class Turns:
    """Runs beside the others and keeps the longest time between two of its turns, in microseconds."""

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
    """Publish one after the other; how many a second."""
    sent = 0
    start = ticks_ms()
    while ticks_diff(ticks_ms(), start) < 1000 * seconds:
        await session.publish(TOPIC, PAYLOAD, qos)
        sent += 1
    return 1000 * sent / ticks_diff(ticks_ms(), start)


async def silent(session, seconds):
    start = ticks_ms()
    while ticks_diff(ticks_ms(), start) < 1000 * seconds:
        try:
            await session.publish(TOPIC, PAYLOAD, 1)
        except Down as e:
            print("down:", e)
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
        await publish(session, 1, WARM)
        gc.collect()
    asyncio.create_task(turns.run())
    if case == "dead":
        await asyncio.sleep_ms(1000 * seconds)
    else:
        await (publish_for if case == "hold" else silent)(session, seconds)
    return turns.longest / 1000


async def _main(case, port, amount):
    session = Session(dict(_SETTINGS, port=port), "bench", b"5ccf7f000001", Faults(), Wifi())
    asyncio.create_task(session.run())
    if case != "dead":
        while not session.up:
            await asyncio.sleep_ms(10)
        print("up")
    if case == "rate":
        return await rates(session, amount)
    if case == "count":
        await publish(session, 1, amount)
        await asyncio.sleep_ms(100)
        return 0
    return await holds(session, case, amount)


def main(case, port, amount):
    print(json.dumps(asyncio.run(_main(case, port, amount))))
