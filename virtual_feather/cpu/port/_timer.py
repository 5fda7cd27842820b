"""machine.Timer and machine.WDT."""

from _board import call

_running = {}


class Timer:
    """A software timer of the SDK; all numbers are the same to it."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, _id):
        self._id = _id

    def init(self, *, mode=PERIODIC, callback=None, period=0xFFFFFFFF, tick_hz=1000, freq=None):
        """Start: callback(timer) every `period` ticks of 1 / tick_hz s, or `freq` times a second, or once."""
        self.deinit()
        us = period * 1000000 // tick_hz if freq is None else int(1000000 / freq)
        # The board knows both by their addresses only: they must not be collected.
        _running[id(self)] = self, callback
        call("timer_start", id(self), us, mode, id(callback))

    def deinit(self):
        """Stop."""
        if _running.pop(id(self), None):
            call("timer_stop", id(self))

    def __repr__(self):
        return "Timer(%x)" % id(self)


class WDT:
    """The SDK's watchdog. It bites some three seconds after the last feed and cannot be stopped.

    Raises ValueError for any number but 0 and any time-out but the default.
    """

    def __init__(self, id=0, timeout=5000):
        if id != 0 or timeout != 5000:
            raise ValueError
        call("wdt_start")

    def feed(self):
        """Put the bite off."""
        call("wdt_feed")
