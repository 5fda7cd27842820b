"""What a person sees and touches: the red LED, and RunApp, the switch that holds the node stopped.

Both are steps (node/tasks.py): generators that yield the milliseconds until their next turn.
"""

import time

from micropython import const

from node.tasks import Stop

_SLICE_MS = const(250)  # longest that a change of fault goes unseen
_POLL_MS = const(200)


def phase(i, code):
    """Return part `i` of the pattern for fault `code`, 0 for running.

    That is milliseconds lit, minus milliseconds dark, or 0 after the last part. Numbers rather than a list or a
    generator, so that blinking allocates nothing.
    """
    if not code:
        return 0 if i > 1 else -200 if i else 9800
    if i < 20:  # ten flashes in two seconds, then a second of darkness
        return -100 if i & 1 else 100
    i -= 21
    if i < 0 or i == 2 * code:
        return -1000
    if i > 2 * code:
        return 0
    return -500 if i & 1 else 500


def show(pin, faults):
    """Blink for ever what `faults` has for current, on an LED between 3.3 V and `pin`: lit when low.

    Another fault, or none, starts its pattern within 250 ms. Allocates nothing.
    """
    code = 0
    edge = time.ticks_ms()  # when the next part begins; counted on from one to the next, so as not to drift
    i = 0
    while True:
        left = time.ticks_diff(edge, time.ticks_ms())
        current = faults.current[0] if faults.current else 0
        if left < -_SLICE_MS or current != code:  # held up, or news: begin the pattern now
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
            yield min(left, _SLICE_MS)


def watch(pin):
    """Look at RunApp for ever; raises Stop, which ends the node cleanly, when it is closed for two looks.

    It is a switch between `pin` (an input with its pull-up) and GND: closed, and so low, is hold.
    """
    looks = 0
    while looks < 2:  # one alone may be a spike on a long wire
        yield _POLL_MS
        looks = 0 if pin() else looks + 1
    raise Stop("RunApp is held")
