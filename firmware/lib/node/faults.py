"""What can be wrong with a node: one table for the LED, fault/<id>, the README and the tests."""

import asyncio
import time

# Number (so many blinks of the LED), and as a comment what it means: host tools read it from here. The name in
# fault/<id> is the constant's.
REFUSED = 1  # the broker refuses the node: its credentials or its identifier
BROKER = 2  # the broker cannot be reached
LIBRARY = 3  # a library is missing on the board
SENSOR = 4  # a sensor does not answer, or cannot measure
PUBLISH = 5  # the announcement or a publication failed
CRASH = 6  # a coroutine crashed and was started again, or the last run ended in a crash
WIFI = 7  # Wi-Fi is not joined
CONFIG = 8  # config.json is missing or invalid

_NAMES = "refused|broker|library|sensor|publish|crash|wifi|config"

# Which of several the LED and fault/<id> prefer: a cause before what follows from it, so that what is shown is what to
# mend first. A crash goes before a sensor because it is over in a minute, while a sensor may be missing for weeks.
_ORDER = "83712564"


def name(code):
    """Return the name of a fault in fault/<id>."""
    return _NAMES.split("|")[code - 1]


class Faults:
    """The faults that are active now, one for each (code, source): two sensors may both be in fault 4.

    `current` is None or the (code, detail) that the LED shows and fault/<id> carries. When it changes, `version` grows
    by one and the Event `changed` is set; whoever waits for it clears it.
    """

    def __init__(self):
        self.current = None
        self.version = 0
        self.changed = asyncio.Event()
        self._active = []  # lists of: code, source, detail, ticks_ms() of its beginning; oldest first

    def begin(self, code, detail, source=None):
        """Note that `source` is in fault `code`, for the reason `detail`; while it lasts, once more updates that."""
        fault = self._find(code, source)
        if fault:
            fault[2] = detail
        else:
            self._active.append([code, source, detail, time.ticks_ms()])
        self._choose()

    def clear(self, code, source=None):
        """Note that `source` is well again. Nothing happens when it was well."""
        fault = self._find(code, source)
        if fault:
            self._active.remove(fault)
            self._choose()

    def lasting(self, seconds):
        """Return the (code, detail) of a fault that has lasted for `seconds` (a day at most), or None."""
        now = time.ticks_ms()
        for code, _, detail, since in self._active:
            if time.ticks_diff(now, since) >= 1000 * seconds:
                return code, detail
        return None

    def _find(self, code, source):
        for fault in self._active:
            if fault[0] == code and fault[1] == source:
                return fault
        return None

    def _choose(self):
        current = None
        for code, _, detail, _ in self._active:
            if current is None or _ORDER.find(str(code)) < _ORDER.find(str(current[0])):
                current = code, detail
        if current != self.current:
            self.current = current
            self.version += 1
            self.changed.set()
