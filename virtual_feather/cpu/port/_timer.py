"""machine.Timer and machine.WDT."""

from _board import call

_running = {}


class Timer:
    """A software timer of the SDK; -1 is the only number that every image accepts."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id, **options):
        self.id = id
        if options:
            self.init(**options)

    def init(self, *, mode=1, period=-1, callback=None, freq=None, tick_hz=1000):
        """Start: callback(timer) every `period` ms, or once."""
        self.deinit()
        if freq:
            period, tick_hz = 1, freq
        # The C side of the interpreter holds plain addresses: what they point to must not be collected.
        _running[id(self)] = self, callback
        call("timer_start", id(self), period * 1000000 // tick_hz, mode, id(callback))

    def deinit(self):
        """Stop."""
        if _running.pop(id(self), None):
            call("timer_stop", id(self))


class WDT:
    """The hardware watchdog. It bites between 1.6 and 3.2 s after the last feed and cannot be stopped."""

    def __init__(self, id=0):
        if id != 0:
            raise ValueError
        call("wdt_start")

    def feed(self):
        """Put the bite off."""
        call("wdt_feed")

    def deinit(self):
        """Not supported by the chip's watchdog."""
        raise OSError
