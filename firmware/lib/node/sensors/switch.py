"""A contact between a GPIO and GND: of a door, a window, a float. 1 is closed, 0 is open.

It is published when it changes, not only every `every_s`, and the broker keeps its state.
"""

import asyncio
import time

from micropython import const

OPTIONS = """\
pin|one||4,5,12,13,14|GPIO|The contact's wire; the other one goes to GND.
"""

_LOOK_MS = const(50)


class Sensor:
    """One contact; option: pin. It cannot fail: a wire that is broken is an open contact."""

    quantities = (("contact", 0),)
    retain = True

    def __init__(self, bus, options):
        from machine import Pin

        self._pin = Pin(options["pin"], Pin.IN, Pin.PULL_UP)
        self._level = self._pin()

    async def read(self):
        """Return (1,) for closed, (0,) for open."""
        return (1 - self._level,)

    async def wait_ms(self, ms):
        """Sleep, but not beyond a change: a contact bounces, so it counts when two looks, 50 ms apart, see the same."""
        end = time.ticks_add(time.ticks_ms(), ms)
        before = self._level
        while True:
            left = time.ticks_diff(end, time.ticks_ms())
            if left <= 0:
                return
            await asyncio.sleep_ms(min(left, _LOOK_MS))
            level = self._pin()
            if level == before != self._level:
                self._level = level
                return
            before = level
