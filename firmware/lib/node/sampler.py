"""Takes the sensors' readings in time, and tells when it cannot."""

import asyncio
import time

from micropython import const

from node.faults import SENSOR
from node.sensors import Unmeasurable

_PATIENCE_S = const(30)  # a reading that takes longer hangs

FILTERS = ("median", "scale", "offset", "delta")  # settings that node/filters.py is loaded for

# In what follows `found` is a list of (sensor, its entry in the settings), and a channel is one quantity of one sensor,
# numbered in the order of that list.


def channels(found, prefix, late_prefix):
    """Return for each channel (topic, topic of late readings, format of the number, retained), the topics as bytes."""
    listed = []
    quantities = []
    for sensor, entry in found:
        for quantity, decimals in sensor.quantities:
            topic = entry["topics"].get(quantity, prefix + quantity)
            # A second sensor of a quantity has a topic of its own, and by that its late readings are told apart.
            late = late_prefix + (topic if quantity in quantities else quantity)
            quantities.append(quantity)
            retained = getattr(sensor, "retain", False)
            listed.append((topic.encode(), late.encode(), "%%.%df" % decimals, retained))
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
        self._read = sensor.read
        self._wait_ms = getattr(sensor, "wait_ms", asyncio.sleep_ms)  # a sensor may have news before its time
        if any(key in entry for key in FILTERS):
            from node.filters import Filtered

            self._read = Filtered(sensor, entry).read
        self._every_ms = int(entry["every_s"] * 1000)
        self._channel = channel
        self._bus = bus
        self._outbox = outbox
        self._faults = faults
        self._name = entry["name"] or entry["driver"]
        if hasattr(sensor, "address"):
            self._name += " at 0x%02x" % sensor.address
        elif "pin" in entry:
            self._name += " on GPIO%d" % entry["pin"]

    async def run(self):
        """Read now and then every `every_s`, for ever; neither long readings nor news in between shift the next one."""
        due = time.ticks_ms()
        while True:
            await self._take()
            late = time.ticks_diff(time.ticks_ms(), due)
            # To the next point of the grid: those that a long reading has run over are left out.
            due = time.ticks_add(due, (late // self._every_ms + 1) * self._every_ms)
            await self._wait_ms(time.ticks_diff(due, time.ticks_ms()))

    async def _take(self):
        """Put one reading into the outbox, or begin fault 4: a reading that failed is no number."""
        try:
            values = await self._read()
        except Unmeasurable as e:
            self._fail(str(e))
        except OSError:
            self._bus.recover()  # a chip interrupted in the middle may be holding it
            self._fail("no answer")
        else:
            self._faults.clear(SENSOR, self._channel)
            for i in range(len(values)):
                if values[i] is not None:  # a filter may hold one back
                    self._outbox.put(self._channel + i, values[i])

    def _fail(self, why):
        self._faults.begin(SENSOR, "%s: %s" % (self._name, why), self._channel)
