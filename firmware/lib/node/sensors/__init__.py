"""The sensors: one chip, one file, each with a class `Sensor` (docs/adding-a-sensor.md). And their readings.

A new sensor needs a file here and an entry in config.json: drivers are found by the name of their file.
"""

import asyncio
import time

from micropython import const

from node import drop, with_room

_START_MS = const(100)
_PATIENCE = const(50)  # times _START_MS: longest wait for the connection
_LOOK_MS = const(1000)  # longest time until a reading that a command asks for is taken
_WATCH_MS = const(50)


class Unmeasurable(Exception):
    """The chip answers but cannot measure (impossible registers): str() says why, and there is no number."""


class Saturated(Unmeasurable):
    """There is more than the chip can measure, and nothing is broken."""


class Source:
    """One sensor of the settings, as run() reads it.

    `options` are the driver's. A driver keeps in them what it must remember from one reading to the next; filters.py
    keeps `history` there. The values go to the outbox's channels from `channel` on. `name` is for people.
    `sensor` is None when the driver is dropped between two readings. `due` is ticks_ms() of the next reading.
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
    """Return the module of a driver, the file of that name in this folder, after dropping it from sys.modules."""
    found = __import__("node.sensors." + driver, None, None, ("Sensor",))
    drop()
    return found


def make(driver, bus, options):
    """Return a sensor at that bus (i2c_bus.make)."""
    return module(driver).Sensor(bus[0], options)


def watch(session):
    """Let each contact publish a change. Returns the milliseconds until the next look."""
    wait_ms = _LOOK_MS
    for source in session.sources:
        if hasattr(source.sensor, "watch"):
            source.sensor.watch(session.outbox, source.channel)
            wait_ms = _WATCH_MS
    return wait_ms


async def run(session, bus):
    """Read each source of the session when it is due, for ever, one at a time. `bus` is i2c_bus.make()'s.

    Neither a long reading nor a contact's change shifts the next one. A driver that rarely reads is dropped in between.
    """
    for _ in range(_PATIENCE):  # so that the first readings are not late
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
                # To the next point of the grid: points that a long reading has missed are skipped.
                source.due = time.ticks_add(source.due, (late // source.every_ms + 1) * source.every_ms)
                left = time.ticks_diff(source.due, time.ticks_ms())
            wait_ms = min(wait_ms, left)
        await asyncio.sleep_ms(max(0, wait_ms))


async def read(source, bus, outbox, faults):
    """Put one reading into the outbox, or begin a fault: a reading that failed gives no number."""
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

        i2c_bus.recover(bus[1], bus[2])  # a chip interrupted in mid-transfer may hold SDA low
        drop()
        why = "no answer"
    if why:
        faults.begin("sensor", "%s: %s" % (source.name, why), source.channel, is_broken)
    else:
        faults.clear("sensor", source.channel)
