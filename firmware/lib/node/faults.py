"""What can be wrong with a node: one table for the LED, fault/<id>, the README and the tests."""

import asyncio
import time

REFUSED = 1
BROKER = 2
LIBRARY = 3
SENSOR = 4
PUBLISH = 5
CRASH = 6
WIFI = 7
CONFIG = 8

# Number (blinks of the LED) | name in fault/<id> | what it means. In the order in which the LED and fault/<id> prefer
# them when several are active: a cause before what follows from it, so that what is shown is what to mend first. A
# crash goes before a sensor because it is over in a minute, while a sensor may be missing for weeks. (One string: a
# tuple of tuples would take 600 bytes of heap.)
TABLE = """
8|config|config.json is missing or invalid
3|library|a library is missing on the board
7|wifi|Wi-Fi is not joined
1|refused|the broker refuses the node: its credentials or its identifier
2|broker|the broker cannot be reached
5|publish|the announcement or a publication failed
6|crash|a coroutine crashed and was started again, or the board was reset by a crash
4|sensor|a sensor does not answer, or cannot measure
"""


def name(code):
    """Return the name of a fault in fault/<id>."""
    return TABLE[_place(code) :].split("|", 2)[1]


def _place(code):
    return TABLE.find("\n%d|" % code)


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
            if current is None or _place(code) < _place(current[0]):
                current = code, detail
        if current != self.current:
            self.current = current
            self.version += 1
            self.changed.set()
