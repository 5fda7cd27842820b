"""A node on a battery: it wakes, reads, sends, and sleeps again. GPIO16 must be wired to RST, which ends the sleep.

After any other start, as by the button, it connects and sends at once; then it sends batches.

RTC memory keeps the readings of a batch. The chip's clock restarts after deep sleep, so until a time server has been
asked again a reading has an age and no date.
"""

import asyncio
import sys

import machine
from micropython import const

from node import sensors
from node.outbox import FIT

_STEP_MS = const(50)
_JOIN = const(300)  # steps: longest wait for the connection
_SEND = const(300)  # steps: longest wait until the broker has everything
_HEAR = const(6)  # steps: wait for retained commands, which follow the connection at once


class _Taken(list):
    """Readings that go into the outbox only once there is a connection, so that they do not count as late."""

    def put(self, channel, value):
        self.append((channel, value))


async def run(session, bus):
    """Read, send if it is time, and sleep: in place of sensors.run() in the table of main.py."""
    outbox = session.outbox
    every_s = session.settings["sleep"]["every_s"]
    batch = session.settings["sleep"]["batch"] * len(outbox.channels)
    batch = min(batch, min(FIT, outbox.size) - len(outbox.channels) + 1)  # room for the readings of the next wake
    machine.RTC().datetime((2000, 1, 1, 6, 0, 0, 0, 0))
    if machine.reset_cause() != machine.DEEPSLEEP_RESET or "trial" in sys.modules:
        session.silent = False
    while True:
        taken = _Taken()
        for source in session.sources:
            await sensors.read(source, bus, taken, session.faults)
            source.due = 0
        sends = not session.silent or outbox.count + len(taken) >= batch or not len(taken)
        if sends:
            session.silent = False
            await _until(_JOIN, lambda: session.state == "up")
        for channel, value in taken:
            outbox.put(channel, value)
        if sends and session.state == "up":
            await asyncio.sleep_ms(_HEAR * _STEP_MS)
            await _until(
                _SEND, lambda: session.state == "up" and not (outbox.count or session.jobs or session.has_news())
            )
        if not _stays_awake(session):
            break
        for _ in range(every_s):
            if not _stays_awake(session) or any([source.due for source in session.sources]):  # the command `read`
                break
            await asyncio.sleep_ms(1000)
    await session.stop(False)
    outbox.save(every_s)
    machine.deepsleep(every_s * 1000)
    while True:  # the sleep begins a little later
        await asyncio.sleep_ms(_STEP_MS)


def _stays_awake(session):
    return session.stay_awake or "trial" in sys.modules  # an update over the air is on trial


async def _until(steps, is_so):
    while steps and not is_so():
        await asyncio.sleep_ms(_STEP_MS)
        steps -= 1
