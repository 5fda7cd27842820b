"""The Feather's own parts, as main.py uses them: the red LED, the RunApp switch, the Wi-Fi link.

blink(), watch() and watch_link() are called again and again: they return the milliseconds until the next call.
"""

import time

from machine import Pin
from micropython import const

from node import drop
from node.supervisor import Stop

_LOOK_MS = const(250)
_POLL_MS = const(200)
_LINK_MS = const(500)


class Led:
    """An LED between 3.3 V and `gpio`: lit when the pin is low."""

    def __init__(self, gpio):
        self.pin = Pin(gpio, Pin.OUT, value=1)
        self.code = None  # of the fault that it shows
        self.pattern = b""  # tenths of a second, lit and dark in turn
        self.part = 0  # index in the pattern of the part that begins next
        self.due = 0  # ticks_ms() when that part begins, counted from the part before: the pattern does not drift

    def blink(self, faults):
        """Show the current fault, a new one within 250 ms. Allocates nothing while the fault stays the same."""
        code = faults.led_code()
        left = time.ticks_diff(self.due, time.ticks_ms())
        if code != self.code or left < -_LOOK_MS:  # another fault, or a late call: begin the pattern
            if code != self.code:
                self.code, self.pattern = code, pattern(code)
            self.part = left = 0
            self.due = time.ticks_ms()
        if left <= 0:
            self.pin(self.part & 1)
            left = 100 * self.pattern[self.part]
            self.due = time.ticks_add(self.due, left)
            self.part = (self.part + 1) % len(self.pattern)
        return min(left, _LOOK_MS)


def pattern(code):
    """Return the tenths of a second that the LED is lit and dark in turn, for a fault; 0: no fault, 9: identify."""
    if not code:
        return b"\x62\x02"
    if code == 9:
        return b"\x01\x01"
    return b"\x01" * 19 + b"\x0b" + b"\x05" * (2 * code - 1) + b"\x0f"


class RunApp:
    """A switch between `gpio` and GND: while it is closed, the node stays stopped."""

    def __init__(self, gpio):
        self.pin = Pin(gpio, Pin.IN, Pin.PULL_UP)
        self.last = False

    def is_held(self):
        """Say whether the switch is closed."""
        return not self.pin()

    def watch(self, faults):
        """Raise Stop, which ends the node cleanly, when two looks in a row see it closed, or a restart is wanted."""
        if faults.restart:
            raise Stop(faults.restart, True)
        held = self.is_held()
        if held and self.last:  # once may be a spike on a long wire
            raise Stop("RunApp is held")
        self.last = held
        return _POLL_MS


def watch_link(sta, wifi, faults):
    """While the station interface has no link, let wifi.py rejoin and begin fault 7. Calls are 0.5 s apart.

    `wifi` is that part of the settings. Raises Stop after 15 minutes without a link.
    """
    if sta.isconnected():
        faults.clear("wifi")
        wifi.pop("down", None)
    else:
        down = wifi.get("down")
        if not down or time.ticks_diff(time.ticks_ms(), down[0]) >= down[1]:
            from node import wifi as module

            try:
                module.rejoin(sta, wifi, faults)
            finally:
                drop()
    return _LINK_MS
