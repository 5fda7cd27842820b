"""The word that a reset leaves for the next start: why, and how often in a row. Not kept (node.load).

It is in RTC memory, which survives resets but not a loss of power: nothing wears the flash. The first 12 bytes of
RTC().memory() are for it (the outbox has the rest): b"hn", crashes in a row, state, 8 characters that say who or why.
machine.reset_cause() alone cannot tell: a reset by our watchdog and one typed by a user are both SOFT_RESET, and a soft
reset (Ctrl-D) leaves the cause of the last hard one in place.
"""

import time

import machine
from micropython import const

_HEAD = const(12)  # bytes of the word
_CRASHES = const(2)
_STATE = const(3)  # first letter of: stopped, begun, good (for a minute); or of why it was reset: see reset()
_WHO = const(4)


def word():
    """Return the 12 bytes; new ones when the memory is empty or somebody else's."""
    head = bytearray(machine.RTC().memory()[:_HEAD])
    if len(head) < _HEAD or head[:2] != b"hn":
        head = bytearray(b"hn\0s") + bytes(_HEAD - _WHO)
    return head


def leave(head):
    """Write the 12 bytes and leave the rest as it is."""
    rtc = machine.RTC()
    rtc.memory(head + rtc.memory()[_HEAD:])


def note(state):
    """Note "stopped", "begun" or "good", which forgives earlier crashes; not once reset() has noted its own."""
    head = word()
    if head[_STATE] in b"sbg":
        head[_STATE] = state.encode()[0]  # state[0] would be a name in the heap, for ever
        if state == "good":
            head[_CRASHES] = 0
        leave(head)


def reset(why, who):
    """Reset the board, for ever. `why` is "watchdog" (a coroutine gave no sign of life), "crash" (an exception that no
    guard caught), or "restart" (on purpose); 8 characters of `who` reach the next start.
    """
    head = word()
    if why != "restart" and head[_STATE] != 103:  # g: a run that was good is no crash at the start
        head[_CRASHES] = min(head[_CRASHES] + 1, 255)
    head[_STATE] = why.encode()[0]
    head[_WHO:] = (who.encode() + bytes(_HEAD))[: _HEAD - _WHO]
    leave(head)
    machine.reset()
    while True:  # before MicroPython 1.20 reset() returns, and the SDK resets a little later
        time.sleep_ms(100)
