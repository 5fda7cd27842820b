"""A clock that stands still while anything is to be done, and jumps to the end of the next sleep: for hours in no time.

clock = Clock()
tasks.time = clock

From the import of this file on, every event loop of the process runs on it: sockets are not polled any more, and no
load of the machine makes anything early or late.
"""

import asyncio
from asyncio import core

_PERIOD = 1 << 30  # of ticks_ms() on the board

_now = core.ticks()  # ms; never behind the real ones, with which tasks that are ready are queued


def _pass(queue, ms):
    """In place of IOQueue.wait_io_event(): `queue` is without sockets, and nothing is ready for `ms`."""
    global _now
    _now += max(0, ms)


core.ticks = lambda: _now
core.IOQueue.wait_io_event = _pass


class Clock:
    """Begins at 0 ms; ticks_ms() wraps, as on the board, after `until_wrap_ms`."""

    sleep_ms = staticmethod(asyncio.sleep_ms)

    def __init__(self, until_wrap_ms=30000):
        self._start = _now
        self._offset = _PERIOD - until_wrap_ms

    def ticks_ms(self):
        return (self._offset + self.elapsed_ms()) % _PERIOD

    def elapsed_ms(self):
        return _now - self._start

    def ticks_add(self, ticks, delta):
        return (ticks + delta) % _PERIOD

    def ticks_diff(self, a, b):
        return (a - b + _PERIOD // 2) % _PERIOD - _PERIOD // 2

    async def drive(self, function, *args):
        """Give a function of the table (node/supervisor.py) its turns, as the node does."""
        while True:
            await asyncio.sleep_ms(function(*args))
