"""The red LED: running, or the number of a fault."""

import asyncio
import time

from micropython import const

_SLICE_MS = const(250)  # longest that a change of fault goes unseen


def phase(i, code):
    """Return part `i` of the pattern for fault `code`, 0 for running.

    That is milliseconds lit, minus milliseconds dark, or 0 after the last part. Numbers rather than a list or a
    generator, so that blinking allocates nothing.
    """
    if not code:
        return (9800, -200, 0)[i]
    if i < 20:  # ten flashes in two seconds, then a second of darkness
        return -100 if i & 1 else 100
    i -= 21
    if i < 0 or i == 2 * code:
        return -1000
    if i > 2 * code:
        return 0
    return -500 if i & 1 else 500


class Led:
    """An LED between 3.3 V and `pin` (lit when low), showing what `faults` has for current."""

    def __init__(self, pin, faults):
        self._pin = pin
        self._faults = faults
        self.off()

    def on(self):
        self._pin(0)

    def off(self):
        self._pin(1)

    def _code(self):
        current = self._faults.current
        return current[0] if current else 0

    async def run(self):
        """Blink for ever; another fault, or none, starts its pattern within 250 ms. Allocates nothing."""
        code = self._code()
        edge = time.ticks_ms()  # when the next part begins; counted on from one to the next, so as not to drift
        i = 0
        while True:
            part = phase(i, code)
            if not part:
                i = 0
                continue
            self._pin(0 if part > 0 else 1)
            edge = time.ticks_add(edge, abs(part))
            i += 1
            left = time.ticks_diff(edge, time.ticks_ms())
            while left > 0 and self._code() == code:
                await asyncio.sleep_ms(min(left, _SLICE_MS))
                left = time.ticks_diff(edge, time.ticks_ms())
            if left < -_SLICE_MS or self._code() != code:  # held up, or news: begin the pattern now
                code = self._code()
                edge = time.ticks_ms()
                i = 0
