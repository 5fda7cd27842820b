"""The sensors: one chip, one file, each with a class `Sensor` (docs/adding-a-sensor.md). And their readings.

A new one takes a file here and an entry in config.json: drivers are found by the name of their file.
"""

import asyncio
import time

from micropython import const

from node import drop, with_room

_START_MS = const(100)
_PATIENCE = const(50)  # times that, for the connection
_LOOK_MS = const(1000)  # longest time until a reading asked for in between is taken
_WATCH_MS = const(50)


class Unmeasurable(Exception):
    """The chip answers but cannot measure (impossible registers): str() says why, and there is no number."""


class Saturated(Unmeasurable):
    """There is more than the chip can measure, and nothing is broken."""


class Source:
    """One sensor of the settings, as run() reads it.

    `options` are its driver's; a driver keeps in them what it must remember from one reading to the next, and
    filters.py the `history`. Its values go to `channel` of the outbox and those after it. `name` is for people.
    `sensor` is None when the driver is dropped between two readings. `due` is ticks_ms() of the next one.
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
    """Return the module of a driver, the file of that name in this folder, already dropped."""
    found = __import__("node.sensors." + driver, None, None, ("Sensor",))
    drop()
    return found


def make(driver, bus, options):
    """Return a sensor at that bus (i2c_bus.make)."""
    return module(driver).Sensor(bus[0], options)


def watch(session):
    """Have each contact tell of a change. Returns the milliseconds until the next look."""
    wait_ms = _LOOK_MS
    for source in session.sources:
        if hasattr(source.sensor, "watch"):
            source.sensor.watch(session.outbox, source.channel)
            wait_ms = _WATCH_MS
    return wait_ms


async def run(session, bus):
    """Read each source of the session when it is due, for ever, one at a time. `bus` is i2c_bus.make()'s.

    Neither long readings nor news in between shift the next one. A driver whose turn is rare is dropped meanwhile.
    """
    for _ in range(_PATIENCE):  # so that the first readings are not late ones
        if session.state == "up":
            break
        await asyncio.sleep_ms(_START_MS)
    for source in session.sources:
        source.due = time.ticks_ms()
    while True:
        wait_ms = _LOOK_MS
        for source in session.sources:
            left = time.ticks_diff(source.due, time.ticks_ms())
            if left <= 0:
                while session.works:  # a driver and a large job are too much for the heap
                    await asyncio.sleep_ms(_WATCH_MS)
                session.reads = True
                try:
                    await read(source, bus, session.outbox, session.faults)
                finally:
                    session.reads = False
                late = time.ticks_diff(time.ticks_ms(), source.due)
                # To the next point of the grid: those that a long reading has run over are left out.
                source.due = time.ticks_add(source.due, (late // source.every_ms + 1) * source.every_ms)
                left = time.ticks_diff(source.due, time.ticks_ms())
            wait_ms = min(wait_ms, left)
        await asyncio.sleep_ms(max(0, wait_ms))


async def read(source, bus, outbox, faults):
    """Take one reading into the outbox, or begin a fault: a reading that failed is no number."""
    why = None
    is_broken = True
    try:
        sensor = source.sensor or await with_room(make, source.driver, bus, source.options)
        values = await sensor.read()
        if "history" in source.options:
            await with_room(__import__, "node.filters")
            from node import filters

            values = filters.apply(source.options, sensor.quantities, values)
            drop()
        for i in range(len(values)):
            if values[i] is not None:  # a filter may hold one back
                outbox.put(source.channel + i, values[i])
    except Unmeasurable as e:
        why = str(e)
        is_broken = not isinstance(e, Saturated)
    except OSError:
        await with_room(__import__, "node.i2c_bus")
        from node import i2c_bus

        i2c_bus.recover(bus[1], bus[2])  # a chip interrupted in the middle may be holding it
        drop()
        why = "no answer"
    if why:
        faults.begin("sensor", "%s: %s" % (source.name, why), source.channel, is_broken)
    else:
        faults.clear("sensor", source.channel)
