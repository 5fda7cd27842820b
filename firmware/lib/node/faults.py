"""What is wrong with a node now."""

import time

from micropython import const

# The one table of faults: blinks of the LED, name, and what it means.
# 1 refused  the broker refuses the node: its credentials or its identifier
# 2 broker   the broker cannot be reached
# 3 library  a library is missing on the board
# 4 sensor   a sensor does not answer, or cannot measure
# 5 publish  the announcement or a publication failed
# 6 crash    a coroutine crashed and was started again, or the last run ended in a crash
# 7 wifi     Wi-Fi is not joined
# 8 config   config.json is missing or invalid
NAMES = "refused|broker|library|sensor|publish|crash|wifi|config"

# Which of several faults the LED and fault/<id> show: a cause before its effects, so that the fault shown is the one to
# mend first. A crash goes before a sensor because it is over in a minute, while a sensor may be missing for weeks.
_ORDER = const(b"\x08\x03\x07\x01\x02\x05\x06\x04")


class Faults:
    """The faults that are active now, one for each (name, source): two sensors may both be in fault 4.

    `current` is None or the (code, detail) that the LED shows and fault/<id> carries. When `current` changes, `version`
    grows by one, and the console shows the fault.
    """

    def __init__(self):
        self.current = None
        self.version = 0
        self.identify = None  # ticks_ms() until which the LED flashes to identify the board
        self.restart = None  # the reason, once a restart is wanted
        self.active = []  # tuples of: code, source, detail, ticks_ms() of its begin (None: see `lasts`); oldest first

    def begin(self, name, detail, source=None, lasts=True):
        """Begin the fault `name` of `source`, for the reason `detail`, or update the reason; None ends the fault.

        lasts: lasting() counts this fault, since a restart of the board may mend it.
        """
        code = NAMES[: NAMES.find(name)].count("|") + 1
        since = time.ticks_ms()
        active = self.active
        at = len(active)
        for i in range(at):
            if active[i][0] == code and active[i][1] == source:
                at = i
                since = since if active[i][3] is None else active[i][3]
        if not lasts:
            since = None
        active[at : at + 1] = [] if detail is None else [(code, source, detail, since)]
        current = None
        for code in _ORDER:
            for fault in active:
                if fault[0] == code and not current:
                    current = code, fault[2]
        if current != self.current:
            self.current = current
            self.version += 1
            print("fault %d: %s" % current if current else "no fault")

    def clear(self, name, source=None):
        """End the fault `name` of `source`, if there is one."""
        if self.active:
            self.begin(name, None, source)

    def led_code(self):
        """Return what the LED has to show: the code of a fault, 0 for none, 9 to identify the board."""
        if self.identify is not None:
            if time.ticks_diff(self.identify, time.ticks_ms()) >= 0:
                return 9
            self.identify = None
        return self.current[0] if self.current else 0

    def lasting(self, seconds):
        """Return the code of a fault that has lasted for `seconds` (a day at most), or None."""
        now = time.ticks_ms()
        for code, _, _, since in self.active:
            if since is not None and time.ticks_diff(now, since) >= 1000 * seconds:
                return code
        return None
