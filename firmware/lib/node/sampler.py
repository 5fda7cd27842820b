"""Takes the sensors' readings in time, and tells when it cannot."""

import asyncio
import time

from micropython import const

from node.faults import SENSOR
from node.sensors import Unmeasurable

_PATIENCE_S = const(30)  # a reading that takes longer hangs

# In what follows `found` is a list of (sensor, its entry in the settings), and a channel is one quantity of one sensor,
# numbered in the order of that list.


def channels(found, prefix, late_prefix):
    """Return for each channel (topic, topic of late readings, format of the number), the topics as bytes."""
    listed = []
    for sensor, entry in found:
        for quantity, decimals in sensor.quantities:
            topic = entry["topics"].get(quantity, prefix + quantity)
            listed.append((topic.encode(), (late_prefix + quantity).encode(), "%%.%df" % decimals))
    return listed


def rows(found, bus, outbox, faults):
    """Return a row of the table of coroutines for each sensor."""
    listed = []
    channel = 0
    for sensor, entry in found:
        sampler = Sampler(sensor, entry, channel, bus, outbox, faults)
        listed.append((entry["driver"], sampler.run, entry["every_s"] + _PATIENCE_S))
        channel += len(sensor.quantities)
    return listed


class Sampler:
    """One sensor: `entry` is its part of the settings, `channel` the number of its first quantity."""

    def __init__(self, sensor, entry, channel, bus, outbox, faults):
        self._sensor = sensor
        self._every_ms = int(entry["every_s"] * 1000)
        self._channel = channel
        self._bus = bus
        self._outbox = outbox
        self._faults = faults
        self._name = entry["name"] or entry["driver"]
        if hasattr(sensor, "address"):
            self._name += " at 0x%02x" % sensor.address

    async def run(self):
        """Read now and then every `every_s`, for ever; the time that a reading takes does not shift the next one."""
        due = time.ticks_ms()
        while True:
            await self._take()
            late = time.ticks_diff(time.ticks_ms(), due)
            # To the next point of the grid: those that a long reading has run over are left out.
            due = time.ticks_add(due, (late // self._every_ms + 1) * self._every_ms)
            await asyncio.sleep_ms(time.ticks_diff(due, time.ticks_ms()))

    async def _take(self):
        """Put one reading into the outbox, or begin fault 4: a reading that failed is no number."""
        try:
            values = await self._sensor.read()
        except Unmeasurable as e:
            self._fail(str(e))
        except OSError:
            self._bus.recover()  # a chip interrupted in the middle may be holding it
            self._fail("no answer")
        else:
            self._faults.clear(SENSOR, self._channel)
            for i in range(len(values)):
                self._outbox.put(self._channel + i, values[i])

    def _fail(self, why):
        self._faults.begin(SENSOR, "%s: %s" % (self._name, why), self._channel)
