"""The sensors: one chip, one file, each with a class `Sensor` (docs/adding-a-sensor.md). And their readings.

A new one takes a file here and an entry in config.json: drivers are found by the name of their file.
"""

import asyncio
import time

from micropython import const

from node import load, shallow

_START_MS = const(100)
_PATIENCE = const(50)  # times that, for the connection
_LOOK_MS = const(1000)  # longest time until a reading asked for in between is taken


class Unmeasurable(Exception):
    """The chip answers but cannot measure (saturated, impossible registers): str() says why, and there is no number."""


class Source:
    """One sensor of the settings, as run() reads it.

    `options` are its driver's; a driver keeps in them what it must remember from one reading to the next. Its values go
    to `channel` of the outbox and those after it. `name` is for people. `sensor` is None while nobody needs the driver.
    """

    def __init__(self, driver, options, channel, name, every_ms, sensor):
        self.driver = driver
        self.options = options
        self.channel = channel
        self.name = name
        self.every_ms = every_ms
        self.sensor = sensor
        self.due = 0


def module(driver):
    """Return the module of a driver, kept by nobody (node.load)."""
    found = load("sensors." + driver)
    globals().pop(driver, None)
    return found


async def run(sources, bus, outbox, faults):
    """Read each source when it is due, for ever, one at a time. `bus` is i2c_bus.make()'s.

    Neither long readings nor news in between shift the next one. A driver whose turn is rare is not kept meanwhile.
    """
    for _ in range(_PATIENCE):  # so that the first readings are not late ones
        if outbox.live:
            break
        await asyncio.sleep_ms(_START_MS)
    for source in sources:
        source.due = time.ticks_ms()
    while True:
        wait_ms = _LOOK_MS
        for source in sources:
            left = time.ticks_diff(source.due, time.ticks_ms())
            if left <= 0:
                await read(source, bus, outbox, faults)
                late = time.ticks_diff(time.ticks_ms(), source.due)
                # To the next point of the grid: those that a long reading has run over are left out.
                source.due = time.ticks_add(source.due, (late // source.every_ms + 1) * source.every_ms)
                left = time.ticks_diff(source.due, time.ticks_ms())
            wait_ms = min(wait_ms, left)
        await asyncio.sleep_ms(max(0, wait_ms))


async def read(source, bus, outbox, faults):
    """Take one reading, and tell when that cannot be."""
    why = None
    try:
        sensor = source.sensor or (await shallow(module, source.driver)).Sensor(bus[0], source.options)
        values = await sensor.read()
        for i in range(len(values)):
            if values[i] is not None:  # a filter may hold one back
                outbox.put(source.channel + i, values[i])
    except Unmeasurable as e:
        why = str(e)
    except OSError:
        (await shallow(load, "i2c_bus")).recover(bus[1], bus[2])  # a chip interrupted in the middle may be holding it
        why = "no answer"
    if why:  # a reading that failed is no number
        faults.begin("sensor", "%s: %s" % (source.name, why), source.channel)
    else:
        faults.clear("sensor", source.channel)
