"""The node's work: coroutines and steps, each guarded, all under one watchdog. And the steps that every node has."""

import asyncio
import sys
import time

import machine
from micropython import const

from node import load, shallow

_LOOK_MS = const(250)  # longest time between two looks at the steps
_FEED_MS = const(1000)
_BITE_MS = const(8000)
_MINUTE_MS = const(60000)
_POLL_MS = const(200)
_LINK_MS = const(500)
_IDENTIFY = const(9)  # in place of the number of a fault


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

        A row is a coroutine that must show life within so many seconds. With 0 it is a step, a generator that waits for
        nothing: it yields the milliseconds until its next turn. All of those together cost one coroutine.
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
            load("resets").reset("crash", type(e).__name__)
        finally:
            self._timer.deinit()  # at once: a second Ctrl-C may come in the middle of what follows
            load("resets").note("stopped")
            asyncio.new_event_loop()
        return self._stop.args[0]

    async def _main(self, leave):
        """Until the end: give each step its turn when it is due, and look after the watchdog each second."""
        load("resets").note("begun")
        table = self._table
        steps = [None] * len(table)
        now = self._settled = time.ticks_ms()
        fed = time.ticks_add(now, -_FEED_MS)
        bite = self._bite
        for i in range(len(table)):
            self._seen[i] = now
            if table[i][1]:
                asyncio.create_task(self._guard(table[i], i))
        while not self._stop:
            now = time.ticks_ms()
            if time.ticks_diff(now, fed) >= _FEED_MS:
                fed = now
                if self._look(now):
                    self._timer.init(mode=machine.Timer.ONE_SHOT, period=_BITE_MS, callback=bite)
            wait = _LOOK_MS
            for i in range(len(table)):
                if not table[i][1]:
                    left = time.ticks_diff(self._seen[i], now)
                    if left <= 0:
                        self._running = i
                        try:
                            step = steps[i] = steps[i] or table[i][2](*table[i][3:])
                            left = next(step)
                            if isinstance(left, tuple):  # node.shallow()
                                left = step.send(left[0](*left[1:]))
                        except Exception as e:
                            steps[i] = None
                            left = self._failed(i, e)
                        self._seen[i] = time.ticks_add(now, left)
                    wait = min(wait, left)
            await asyncio.sleep_ms(wait)
        try:
            if leave:
                await leave()
        except Exception as e:
            sys.print_exception(e)
        if len(self._stop.args) > 1:
            load("resets").reset("restart", self._stop.args[0])

    def _guard(self, row, i):
        """Run coroutine `i` for ever, each step of it a sign of life with nothing for it to do."""
        while not self._stop:
            error = result = None
            try:
                coroutine = row[2](*row[3:])
                while True:
                    self._running = i
                    self._seen[i] = time.ticks_ms()
                    step = coroutine.throw(error) if error else coroutine.send(result)
                    error = result = None
                    try:
                        if isinstance(step, tuple):  # node.shallow()
                            result = step[0](*step[1:])
                        else:
                            yield step
                    except BaseException as e:  # thrown in from outside (CancelledError): it is for the coroutine
                        error = e
            except Exception as e:
                pause = self._failed(i, e)
            yield from asyncio.sleep_ms(pause)

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
        self._faults.begin("library" if isinstance(e, ImportError) else "crash", "%s: %s" % (name, why), name)
        pause = self._pause[i] = min(max(2 * self._pause[i], 1000), _MINUTE_MS)
        self._settled = self._seen[i] = time.ticks_add(time.ticks_ms(), pause)
        return pause

    def _look(self, now):
        """Say whether every coroutine has shown life in time. See what has lasted: a good minute, or a fault."""
        state = self._faults
        if self._settled is not None and time.ticks_diff(now, self._settled) >= _MINUTE_MS:
            # The faults of earlier crashes end, and so does the count of crashes at the start.
            self._settled = None
            load("resets").note("good")
            state.clear("crash", "")  # that of the last run
            for i in range(len(self._table)):
                self._pause[i] = 0
                state.clear("crash", self._table[i][0])
                state.clear("library", self._table[i][0])
        if self._error_reboot_s:
            code = state.lasting(self._error_reboot_s)
            if code:
                self._stop = self._stop or Stop("fault %d" % code, True)
        for i in range(len(self._seen)):
            limit_s = self._table[i][1]
            if limit_s and time.ticks_diff(now, self._seen[i]) > 1000 * limit_s:
                self._late = i
                return False
        self._late = None
        return True

    def _bite(self, _):
        try:
            load("resets").reset("watchdog", self._table[self._running if self._late is None else self._late][0])
        finally:  # also without a word, when there is no heap left for it
            machine.reset()


def show(pin, faults):
    """Blink for ever what `faults` has for current, on an LED between 3.3 V and `pin`: lit when low. A step.

    Another fault, or none, starts its pattern within 250 ms. Allocates nothing.
    """
    code = 0
    edge = time.ticks_ms()  # when the next part begins; counted on from one to the next, so as not to drift
    i = 0
    while True:
        left = time.ticks_diff(edge, time.ticks_ms())
        current = faults.current[0] if faults.current else 0
        if faults.identify is not None:
            current = _IDENTIFY
            if time.ticks_diff(faults.identify, time.ticks_ms()) < 0:
                faults.identify = None
        if left < -_LOOK_MS or current != code:  # held up, or news: begin the pattern now
            code = current
            edge = time.ticks_ms()
            i = left = 0
        if left <= 0:
            part = phase(i, code)
            i = i + 1 if part else 0
            if part:
                pin(part < 0)
                edge = time.ticks_add(edge, abs(part))
        else:
            yield min(left, _LOOK_MS)


def phase(i, code):
    """Return part `i` of the pattern for fault `code`, 0 for running, 9 for "it is me": flashes without end.

    That is milliseconds lit, minus milliseconds dark, or 0 after the last part. Numbers rather than a list or a
    generator, so that blinking allocates nothing.
    """
    if not code:
        return 0 if i > 1 else -200 if i else 9800
    if code == _IDENTIFY:
        i &= 1
    if i < 20:  # ten flashes in two seconds, then a second of darkness
        return -100 if i & 1 else 100
    i -= 21
    if i < 0 or i == 2 * code:
        return -1000
    if i > 2 * code:
        return 0
    return -500 if i & 1 else 500


def watch(pin, faults):
    """Look at RunApp for ever; raises Stop, which ends the node cleanly, when it is closed for two looks. A step.

    Or when a restart is wanted.

    It is a switch between `pin` (an input with its pull-up) and GND: closed, and so low, is hold.
    """
    looks = 0
    while looks < 2:  # one alone may be a spike on a long wire
        yield _POLL_MS
        looks = 0 if pin() else looks + 1
        if faults.restart:
            raise Stop(faults.restart, True)
    raise Stop("RunApp is held")


def link(sta, settings, faults):
    """Watch the link for ever; while there is none, wifi.py sees to it. A step."""
    while True:
        if sta.isconnected():
            yield _LINK_MS
        else:
            yield from (yield from shallow(load, "wifi")).run(sta, settings, faults)
