"""The node's coroutines: each under a guard, all under one watchdog."""

import asyncio
import sys
import time

import machine
from micropython import const

from node import resets
from node.faults import CRASH, LIBRARY

_FEED_MS = const(1000)
_BITE_MS = const(8000)
_MINUTE_MS = const(60000)

LAST_RUN = "last run"  # source of the fault that tells of a crash before this start; over after a good minute


class Stop(Exception):
    """Raised by a coroutine to end the node cleanly: Stop(reason), or Stop(reason, True) to reset the board then."""


class Tasks:
    """Runs a table of coroutines until one of them raises Stop.

    The watchdog is a Timer with one shot, pushed back each second while every coroutine shows life within its seconds:
    it bites when one hangs, and when the loop itself is held up for 8 s. Not machine.WDT: that one cannot be stopped,
    and would reset the board under whoever took the prompt. And one shot rather than a ticking callback: a Ctrl-C
    that arrives inside a callback is lost.
    """

    def __init__(self, table, faults, error_reboot_s):
        """table: rows of (name, coroutine function without arguments, seconds within which it must show life).

        Seconds: None for a coroutine that waits for events and so has no rhythm.
        """
        self._table = table
        self._faults = faults
        self._error_reboot_s = error_reboot_s
        self._timer = machine.Timer(-1)
        self._ended = asyncio.Event()
        self._stop = None
        self._seen = [0] * len(table)  # ticks_ms() of each row's last sign of life; in the future while it pauses
        self._running = 0  # the row whose turn it is, or was
        self._late = None  # the row that keeps the watchdog from being fed
        self._settled = None

    def run(self, leave):
        """Run the table; return the reason of the Stop that ended it, after awaiting leave(), the farewell (or None).

        Ctrl-C, too, leaves no timer running and an event loop as new. An exception of our own resets the board.
        """
        try:
            asyncio.run(self._main(leave))
        except Exception as e:
            sys.print_exception(e)
            resets.reset(resets.CRASH, type(e).__name__)
        finally:
            self._timer.deinit()  # at once: a second Ctrl-C may come in the middle of what follows
            resets.note(resets.STOPPED)
            asyncio.new_event_loop()
        return self._stop.args[0]

    async def _main(self, leave):
        resets.note(resets.STARTED)
        self._settled = time.ticks_ms()
        for i in range(len(self._table)):
            asyncio.create_task(self._guard(i))
        asyncio.create_task(self._watch())
        await self._ended.wait()
        try:
            if leave:
                await leave()
        except Exception as e:
            sys.print_exception(e)
        if len(self._stop.args) > 1:
            resets.reset(resets.RESTART, self._stop.args[0])

    def _end(self, stop):
        self._stop = self._stop or stop  # the first one counts
        self._ended.set()

    async def _guard(self, i):
        """Run row `i` for ever: after a crash again in 1 s, after further ones in twice the time, up to a minute."""
        name, coroutine, _ = self._table[i]
        pause = 0
        while True:
            began = time.ticks_ms()
            try:
                await self._live(i, coroutine())
                if self._stop:  # it has been told to end
                    return
                raise RuntimeError("it returned")
            except Stop as e:
                return self._end(e)
            except Exception as e:
                sys.print_exception(e)
                self._faults.begin(LIBRARY if isinstance(e, ImportError) else CRASH, "%s: %r" % (name, e), name)
            if time.ticks_diff(time.ticks_ms(), began) > _MINUTE_MS:
                pause = 0
            pause = min(max(2 * pause, 1000), _MINUTE_MS)
            self._settled = self._seen[i] = time.ticks_add(time.ticks_ms(), pause)
            await asyncio.sleep_ms(pause)

    def _live(self, i, coroutine):
        """Await `coroutine` for row `i`, step by step: each step is a sign of life, with nothing for it to do."""
        error = None
        while True:
            self._running = i
            self._seen[i] = time.ticks_ms()
            try:
                step = coroutine.throw(error) if error else coroutine.send(None)
            except StopIteration:
                return
            try:
                yield step
                error = None
            except BaseException as e:  # thrown in from outside (CancelledError): it is for the coroutine
                error = e

    async def _watch(self):
        """Each second, for ever: feed the watchdog if all are alive, and see what has lasted, good or bad."""
        bite = self._bite
        while True:
            now = time.ticks_ms()
            self._late = self._find_late(now)
            if self._late is None:
                self._timer.init(mode=machine.Timer.ONE_SHOT, period=_BITE_MS, callback=bite)
            if self._settled is not None and time.ticks_diff(now, self._settled) >= _MINUTE_MS:
                self._settle()
            if self._error_reboot_s:
                fault = self._faults.lasting(self._error_reboot_s)
                if fault:
                    self._end(Stop("fault %d" % fault[0], True))
            await asyncio.sleep_ms(_FEED_MS)

    def _find_late(self, now):
        for i in range(len(self._seen)):
            limit_s = self._table[i][2]
            if limit_s and time.ticks_diff(now, self._seen[i]) > 1000 * limit_s:
                return i
        return None

    def _settle(self):
        """A minute without a crash: the faults of earlier ones end, and so does the count of crashes at the start."""
        self._settled = None
        resets.note(resets.RUNNING)
        for name, _, _ in self._table:
            self._faults.clear(CRASH, name)
            self._faults.clear(LIBRARY, name)
        self._faults.clear(CRASH, LAST_RUN)

    def _bite(self, _):
        who = self._running if self._late is None else self._late
        resets.reset(resets.WATCHDOG, self._table[who][0])
