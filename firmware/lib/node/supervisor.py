"""Runs the table of main.py: everything that the node does at the same time, under guards and one watchdog."""

import asyncio
import sys
import time

import machine
from micropython import const

from node import drop

_LOOK_MS = const(250)  # longest time between two looks at the functions
_FEED_MS = const(1000)
_WATCHDOG_MS = const(8000)
_MINUTE_MS = const(60000)


class Stop(Exception):
    """Raised by a row to end the node cleanly: Stop(reason), or Stop(reason, True) to reset the board then."""


class Supervisor:
    """Runs a table until one of its rows raises Stop.

    The watchdog is a one-shot Timer, restarted each second while every coroutine shows life within its seconds: it
    resets the board when a coroutine hangs, and when the event loop itself is blocked for 8 s. Not machine.WDT: that
    cannot be stopped, and would reset the board under a user at the prompt. And one shot rather than a periodic
    callback: a Ctrl-C that arrives inside a callback is lost.
    """

    def __init__(self, table, faults, error_reboot_s, session, led):
        """table: rows of (name, seconds, function, its arguments ...).

        A row is a coroutine that must show life within these seconds. With 0 it is a function that waits for nothing
        and returns the milliseconds until its next call. All these functions together cost one coroutine.
        At the end the session is closed and the led is dark.
        """
        self.table = table
        self.faults = faults
        self._error_reboot_s = error_reboot_s
        self.session = session
        self.led = led
        self._timer = machine.Timer(-1)
        self.stop = None
        self._alive_at = [0] * len(table)  # ticks_ms() of a row's last sign of life, or of its next turn
        self.pause_ms = [0] * len(table)  # ms that each row last paused after a crash
        self.index = 0  # of the row whose turn it is, or was
        self.late = None  # the row that keeps the watchdog from being fed
        self._well_since = None  # ticks_ms() since when no row has crashed; None: for a minute or more

    def run(self):
        """Run the table; return the reason of the Stop that ended it.

        Ctrl-C, too, leaves no timer running and a new event loop. Any other exception resets the board.
        """
        try:
            note(b"begun")
            asyncio.run(self.main())
        except Exception as e:
            asyncio.new_event_loop()  # frees the heap of all coroutines for the rest
            sys.print_exception(e)
            reset("crash", "memory" if isinstance(e, MemoryError) else type(e).__name__)
        finally:
            self._timer.deinit()  # at once: a second Ctrl-C may come in the middle of what follows
            note(b"stopped")
            asyncio.new_event_loop()
            self.session.close()
            self.led.pin(1)
        return self.stop.args[0]

    async def main(self):
        """Until the end, call each function when it is due, and each second restart the watchdog if all is well."""
        table = self.table
        now = self._well_since = time.ticks_ms()
        fed = time.ticks_add(now, -_FEED_MS)
        reset_by_watchdog = self._reset_by_watchdog
        for i in range(len(table)):
            self._alive_at[i] = now
            if table[i][1]:
                asyncio.create_task(self._guard(table[i], i))
        while not self.stop:
            now = time.ticks_ms()
            if time.ticks_diff(now, fed) >= _FEED_MS:
                fed = now
                if self._check(now):
                    self._timer.init(mode=machine.Timer.ONE_SHOT, period=_WATCHDOG_MS, callback=reset_by_watchdog)
            wait = _LOOK_MS
            for i in range(len(table)):
                if not table[i][1]:
                    left = time.ticks_diff(self._alive_at[i], now)
                    if left <= 0:
                        self.index = i
                        try:
                            left = table[i][2](*table[i][3:])
                            self._alive_at[i] = time.ticks_add(now, left)
                        except Exception as e:
                            left = self._failed(i, e)
                    wait = min(wait, left)
            await asyncio.sleep_ms(wait)
        if isinstance(self.stop, MemoryError):
            raise self.stop
        try:
            await self.session.stop()
        except Exception as e:
            sys.print_exception(e)
        if len(self.stop.args) > 1:
            from node import outbox_file

            outbox_file.write(self.session.outbox)
            reset("restart", self.stop.args[0])

    def _guard(self, row, i):
        """Run coroutine `i` for ever. Each step is a sign of life, for which the coroutine itself does nothing."""
        while not self.stop:
            error = result = None
            try:
                coroutine = row[2](*row[3:])
                while True:
                    self.index = i
                    self._alive_at[i] = time.ticks_ms()
                    step = coroutine.throw(error) if error else coroutine.send(result)
                    error = result = None
                    try:
                        if isinstance(step, tuple):  # node.with_room()
                            result = step[0](*step[1:])
                        else:
                            yield step
                    except BaseException as e:  # thrown in from outside (CancelledError): pass it on to the coroutine
                        error = e
            except Exception as e:
                pause = self._failed(i, e)
            yield from asyncio.sleep_ms(pause)

    def _failed(self, i, e):
        """Note why row `i` ended; return its pause in ms: a second, then twice as long each time, up to a minute.

        A row that finds no memory ends the node, as one that hangs does: it would find none the next time either.
        """
        if self.stop:  # the node is ending
            return 0
        if isinstance(e, Stop):
            self.stop = e
            return 0
        try:
            if "trial" in sys.modules:  # an update over the air is on trial: this may be why it is rolled back
                sys.modules["trial"].note(e)
            if isinstance(e, MemoryError):
                raise e
            sys.print_exception(e)
            name = self.table[i][0]
            why = "it returned" if isinstance(e, StopIteration) else repr(e)
            self.faults.begin("library" if isinstance(e, ImportError) else "crash", "%s: %s" % (name, why), name)
        except MemoryError as e:
            self.stop = e
            return 0
        pause = self.pause_ms[i] = min(max(2 * self.pause_ms[i], 1000), _MINUTE_MS)
        self._well_since = self._alive_at[i] = time.ticks_add(time.ticks_ms(), pause)
        return pause

    def _check(self, now):
        """Say whether every coroutine has shown life in time. Act on a minute without crashes, or a lasting fault."""
        state = self.faults
        if self._well_since is not None and time.ticks_diff(now, self._well_since) >= _MINUTE_MS:
            # The faults of earlier crashes end, and so does the count of crashes at the start.
            self._well_since = None
            note(b"good")
            state.clear("crash", "")  # that of the last run
            for i in range(len(self.table)):
                self.pause_ms[i] = 0
                state.clear("crash", self.table[i][0])
                state.clear("library", self.table[i][0])
        if self._error_reboot_s:
            code = state.lasting(self._error_reboot_s)
            if code:
                self.stop = self.stop or Stop("fault %d" % code, True)
        for i in range(len(self._alive_at)):
            limit_s = self.table[i][1]
            if limit_s and time.ticks_diff(now, self._alive_at[i]) > 1000 * limit_s:
                self.late = i
                return False
        self.late = None
        return True

    def _reset_by_watchdog(self, _):
        reset("watchdog", self.table[self.index if self.late is None else self.late][0])


def note(state):
    from node import last_run

    last_run.note(state)
    drop()


def reset(why, who):
    """Reset the board; never return. Note `why` and `who` for the next start, unless there is no memory for that."""
    try:
        from node import last_run

        last_run.reset(why, who)
    finally:
        machine.reset()
