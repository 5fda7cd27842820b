"""A clock that runs fast, for tests of what takes minutes: it stands in for a module's `time` and `asyncio`.

clock = Clock(factor=100)
tasks.time = tasks.asyncio = clock
"""

import asyncio
import time

_PERIOD = 1 << 30  # of ticks_ms() on the board


class Clock:
    """`factor` virtual milliseconds to a real one; ticks_ms() wraps, as on the board, after `until_wrap_ms`."""

    Event = asyncio.Event
    create_task = staticmethod(asyncio.create_task)
    new_event_loop = staticmethod(asyncio.new_event_loop)
    run = staticmethod(asyncio.run)

    def __init__(self, factor=100, until_wrap_ms=30000):
        self.factor = factor
        self._offset = _PERIOD - until_wrap_ms
        self._start_us = time.ticks_us()

    def ticks_ms(self):
        return (self._offset + self.elapsed_ms()) % _PERIOD

    def elapsed_ms(self):
        return time.ticks_diff(time.ticks_us(), self._start_us) * self.factor // 1000

    def ticks_add(self, ticks, delta):
        return (ticks + delta) % _PERIOD

    def ticks_diff(self, a, b):
        return (a - b + _PERIOD // 2) % _PERIOD - _PERIOD // 2

    async def drive(self, step):
        """Give a step of the table (node/tasks.py) its turns, as the node does."""
        result = None
        while True:
            try:
                step_ms = step.send(result)
            except StopIteration:
                return
            result = None
            if isinstance(step_ms, tuple):  # node.shallow()
                result = step_ms[0](*step_ms[1:])
            else:
                await self.sleep_ms(step_ms)

    async def sleep_ms(self, ms):
        """Never too short, as the real one, whatever the real milliseconds round to."""
        due = self.elapsed_ms() + ms
        await asyncio.sleep_ms(-(-ms // self.factor))
        while self.elapsed_ms() < due:
            await asyncio.sleep_ms(1)
