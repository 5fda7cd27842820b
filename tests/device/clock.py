"""A clock that stands still while tasks are ready, then jumps to the end of the next sleep: hours pass in no time.

clock = Clock()
tasks.time = clock

After the import of this file, every event loop of the process runs on it: sockets are not polled, and a busy computer
makes nothing early or late.
"""

import asyncio
from asyncio import core

_PERIOD = 1 << 30  # of ticks_ms() on the board

_now = core.ticks()  # ms; never behind the real ones, with which tasks that are ready are queued


def _pass(queue, ms):
    """Replaces IOQueue.wait_io_event(): `queue` has no sockets, and no task is ready for `ms`."""
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
        """Call a function of the table (node/supervisor.py) in its turn, as the node does."""
        while True:
            await asyncio.sleep_ms(function(*args))
