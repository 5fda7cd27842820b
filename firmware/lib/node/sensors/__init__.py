"""The sensors: one chip, one file, each with a class `Sensor` (docs/adding-a-sensor.md). Their bus, and their readings.

A new one takes a file here and an entry in config.json: drivers are found by the name of their file.
"""

import asyncio
import time

from micropython import const

from node import load

_FREQUENCY = const(100000)  # Hz; long wires in a garden do not carry more
_STRETCH_US = const(1000)  # how long a chip may hold SCL: the default of 50 ms would hold up the event loop
_HALF_PERIOD_US = const(5)
_START_MS = const(100)
_PATIENCE = const(50)  # times that, for the connection
_LOOK_MS = const(1000)  # longest time until a reading asked for in between is taken


class Unmeasurable(Exception):
    """The chip answers but cannot measure (saturated, impossible registers): str() says why, and there is no number."""


class Bus:
    """Two pins and the I2C on them. `i2c` is the machine.I2C that drivers are given; it stays the same for ever."""

    def __init__(self, scl, sda):
        """scl, sda: GPIO numbers."""
        from machine import Pin, SoftI2C

        # The pull-ups are for the day the sensor's own are unplugged: lines that float would read as an acknowledge.
        self._scl = Pin(scl, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        self._sda = Pin(sda, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        self.recover()
        self.i2c = SoftI2C(scl=self._scl, sda=self._sda, freq=_FREQUENCY, timeout=_STRETCH_US)

    def recover(self):
        """Free the bus; under 2 ms. For the start, and after every reading that failed.

        A chip that was interrupted in mid-read holds SDA low: it waits for the clocks that fetch the rest of its byte.
        Nine of them and a STOP get any chip out of that (I2C specification UM10204, 3.1.16); on an idle bus they do
        nothing.
        """
        scl, sda = self._scl, self._sda
        sda(1)
        for _ in range(9):
            scl(0)
            time.sleep_us(_HALF_PERIOD_US)
            scl(1)
            time.sleep_us(_HALF_PERIOD_US)
        for line, level in (scl, 0), (sda, 0), (scl, 1), (sda, 1):
            line(level)
            time.sleep_us(_HALF_PERIOD_US)


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
    """Read each source when it is due, for ever, one at a time.

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
        sensor = source.sensor or module(source.driver).Sensor(bus.i2c, source.options)
        values = await sensor.read()
        for i in range(len(values)):
            if values[i] is not None:  # a filter may hold one back
                outbox.put(source.channel + i, values[i])
    except Unmeasurable as e:
        why = str(e)
    except OSError:
        bus.recover()  # a chip interrupted in the middle may be holding it
        why = "no answer"
    # A reading that failed is no number.
    faults.begin("sensor", why and "%s: %s" % (source.name, why), source.channel)
