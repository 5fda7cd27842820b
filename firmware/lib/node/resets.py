"""Why the board was reset, and how often in a row at its start.

Kept in RTC memory, which survives resets but not a loss of power: so nothing wears the flash.

The first 12 bytes of RTC().memory() are ours (the outbox has the rest): b"hn", crashes in a row, state, 8 characters
that say who or why. machine.reset_cause() alone cannot tell: a reset by our watchdog and one typed by a user are both
SOFT_RESET, and a soft reset (Ctrl-D) leaves the cause of the last hard one in place.
"""

import time

import machine
from micropython import const

_HEAD = const(12)
_CRASHES = const(2)
_STATE = const(3)
_WHO = const(4)

# What the next start finds.
STOPPED = 0  # the node was not running: it had not begun, or ended by itself and left the prompt
STARTED = 1  # it was running, for less than a good minute
RUNNING = 2  # it was running, for longer
WATCHDOG = 3  # a coroutine gave no sign of life, and the watchdog reset the board
CRASH = 4  # an exception that no guard caught reset it
RESTART = 5  # it was reset on purpose: a command, a fault that lasted, no Wi-Fi for long


def read():
    """Return the 12 bytes; new ones when the memory is empty or somebody else's."""
    head = bytearray(machine.RTC().memory()[:_HEAD])
    if len(head) < _HEAD or head[:2] != b"hn":
        head = bytearray(_HEAD)
        head[:2] = b"hn"
    return head


def write(head):
    """Write the 12 bytes and leave the rest as it is."""
    rtc = machine.RTC()
    rtc.memory(head + rtc.memory()[_HEAD:])


def note(state):
    """Note STARTED, RUNNING (which forgives earlier crashes) or STOPPED; not once reset() has noted its own."""
    head = read()
    if head[_STATE] < WATCHDOG:
        head[_STATE] = state
        if state == RUNNING:
            head[_CRASHES] = 0
        write(head)


def reset(state, who):
    """Reset the board, for ever. `state`: WATCHDOG, CRASH or RESTART; 8 characters of `who` reach the next start."""
    head = read()
    if state != RESTART and head[_STATE] != RUNNING:
        head[_CRASHES] = min(head[_CRASHES] + 1, 255)
    head[_STATE] = state
    head[_WHO:] = (who.encode() + bytes(_HEAD))[: _HEAD - _WHO]
    write(head)
    machine.reset()
    while True:  # before MicroPython 1.20 reset() returns, and the SDK resets a little later
        time.sleep_ms(100)
