"""The node's work: coroutines and steps, each guarded, all under one watchdog."""

import asyncio
import sys
import time

import machine
from micropython import const

from node import resets
from node.faults import CRASH, LIBRARY

_LOOK_MS = const(250)  # longest time between two looks at the steps
_FEED_MS = const(1000)
_BITE_MS = const(8000)
_MINUTE_MS = const(60000)

STEP = 0  # in place of the seconds of a row
LAST_RUN = "last run"  # source of the fault that tells of a crash before this start; over after a good minute


class Stop(Exception):
    """Raised by a row to end the node cleanly: Stop(reason), or Stop(reason, True) to reset the board then."""


class Tasks:
    """Runs a table until one of its rows raises Stop.

    The watchdog is a Timer with one shot, pushed back each second while every coroutine shows life within its seconds:
    it bites when one hangs, and when the loop itself is held up for 8 s. Not machine.WDT: that one cannot be stopped,
    and would reset the board under whoever took the prompt. And one shot rather than a ticking callback: a Ctrl-C
    that arrives inside a callback is lost.
    """

    def __init__(self, table, faults, error_reboot_s):
        """table: rows of (name, seconds, function, its arguments ...).

        A row is a coroutine that must show life within so many seconds; None: it waits for events and has no rhythm.
        With STEP it is a generator that waits for nothing: it yields the milliseconds until its next turn. All of
        those together cost one coroutine.
        """
        self._table = table
        self._faults = faults
        self._error_reboot_s = error_reboot_s
        self._timer = machine.Timer(-1)
        self._stop = None
        self._seen = [0] * len(table)  # ticks_ms() of each row's last sign of life, or of its next turn if it pauses
        self._pause = [0] * len(table)  # ms that each row was last left out for after a crash
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
            self._seen[i] = self._settled
            if self._table[i][1] != STEP:
                asyncio.create_task(self._guard(i))
        await self._keep()
        try:
            if leave:
                await leave()
        except Exception as e:
            sys.print_exception(e)
        if len(self._stop.args) > 1:
            resets.reset(resets.RESTART, self._stop.args[0])

    async def _keep(self):
        """Until the end: give each step its turn when it is due, and look after the watchdog each second."""
        bite = self._bite
        steps = [None] * len(self._table)
        fed = None
        while not self._stop:
            now = time.ticks_ms()
            if fed is None or time.ticks_diff(now, fed) >= _FEED_MS:
                fed = now
                self._late = self._find_late(now)
                if self._late is None:
                    self._timer.init(mode=machine.Timer.ONE_SHOT, period=_BITE_MS, callback=bite)
                self._look_back(now)
            wait = _LOOK_MS
            for i in range(len(steps)):
                if self._table[i][1] == STEP:
                    left = time.ticks_diff(self._seen[i], now)
                    if left <= 0:
                        left = self._turn(i, steps)
                        self._seen[i] = time.ticks_add(now, left)
                    wait = min(wait, left)
            await asyncio.sleep_ms(wait)

    def _turn(self, i, steps):
        """Give step `i` its turn; return the milliseconds until the next."""
        self._running = i
        try:
            if not steps[i]:
                steps[i] = self._begin(i)
            return next(steps[i])
        except Exception as e:
            steps[i] = None
            return self._failed(i, e)

    def _guard(self, i):
        """Run coroutine `i` for ever, each step of it a sign of life with nothing for it to do."""
        while not self._stop:
            error = None
            try:
                coroutine = self._begin(i)
                while True:
                    self._running = i
                    self._seen[i] = time.ticks_ms()
                    step = coroutine.throw(error) if error else coroutine.send(None)
                    error = None
                    try:
                        yield step
                    except BaseException as e:  # thrown in from outside (CancelledError): it is for the coroutine
                        error = e
            except Exception as e:
                pause = self._failed(i, e)
            yield from asyncio.sleep_ms(pause)

    def _begin(self, i):
        row = self._table[i]
        return row[2](*row[3:])

    def _failed(self, i, e):
        """Take down why row `i` ended; return the ms to leave it out: a second, then twice as long up to a minute."""
        if self._stop:  # it has been told to end
            return 0
        if isinstance(e, Stop):
            self._stop = e
            return 0
        sys.print_exception(e)
        name = self._table[i][0]
        why = "it returned" if isinstance(e, StopIteration) else repr(e)
        self._faults.begin(LIBRARY if isinstance(e, ImportError) else CRASH, "%s: %s" % (name, why), name)
        pause = self._pause[i] = min(max(2 * self._pause[i], 1000), _MINUTE_MS)
        self._settled = self._seen[i] = time.ticks_add(time.ticks_ms(), pause)
        return pause

    def _find_late(self, now):
        for i in range(len(self._seen)):
            limit_s = self._table[i][1]
            if limit_s and time.ticks_diff(now, self._seen[i]) > 1000 * limit_s:
                return i
        return None

    def _look_back(self, now):
        """See what has lasted: a good minute, or a fault."""
        faults = self._faults
        if self._settled is not None and time.ticks_diff(now, self._settled) >= _MINUTE_MS:
            # The faults of earlier crashes end, and so does the count of crashes at the start.
            self._settled = None
            resets.note(resets.RUNNING)
            for i in range(len(self._table)):
                self._pause[i] = 0
                faults.clear(CRASH, self._table[i][0])
                faults.clear(LIBRARY, self._table[i][0])
            faults.clear(CRASH, LAST_RUN)
        if self._error_reboot_s:
            fault = faults.lasting(self._error_reboot_s)
            if fault:
                self._stop = self._stop or Stop("fault %d" % fault[0], True)

    def _bite(self, _):
        resets.reset(resets.WATCHDOG, self._table[self._running if self._late is None else self._late][0])
