"""How the last run ended and how often in a row it crashed, for the next start. In RTC memory: nothing wears the flash.

Its 12 bytes (outbox.py) are b"hn", crashes in a row, state, 8 characters that say who or why. machine.reset_cause()
alone cannot tell: a reset by our watchdog and one typed by a user are both SOFT_RESET, and a soft reset (Ctrl-D) leaves
the cause of the last hard one in place.
"""

import time

import machine
from micropython import const

from node.outbox import last_run

_SIZE = const(12)
_CRASHES = const(2)
_STATE = const(3)  # first letter of: stopped, begun, good (for a minute); or of why it was reset: see reset()
_WHO = const(4)
_STOPPED = const(115)
_BEGUN = const(98)
_GOOD = const(103)
_WATCHDOG = const(119)

# machine.reset_cause() on the ESP8266 is the SDK's rst_reason; 2 and 3 have no name in `machine`. 1 to 3 are crashes.
_CAUSES = const("power|hardware watchdog|exception|SDK watchdog|soft|deep sleep|button")
_DEADLY = const(3)
_SOFT = const(4)


def read():
    """Return the 12 bytes; new ones when the memory is empty or holds something else."""
    head = bytearray(last_run())
    if len(head) < _SIZE or head[:2] != b"hn":
        head = bytearray(b"hn\0s") + bytes(_SIZE - _WHO)
    return head


def look_back():
    """Return (why the board started, whether the last run crashed, crashes in a row). Set the state to "stopped"."""
    head = read()
    state = head[_STATE]
    crashed = state in b"wc"
    if state in b"wcr":
        why = "watchdog" if state == _WATCHDOG else "crash" if crashed else "restart"
        # 7 bits a character: a supply that sags leaves anything in RTC memory, and decode() would raise.
        why = "%s: %s" % (why, bytes([c & 127 for c in head[_WHO:] if c]).decode())
    else:
        cause = machine.reset_cause()
        why = _CAUSES.split("|")[cause]
        # If the last run ended properly, the cause is an older one that has stayed in place.
        crashed = 0 < cause <= _DEADLY and state != _STOPPED
        if cause == _SOFT and state in b"bg":  # supervisor.reset() had no memory to note why
            crashed = True
            why = "crash: memory"
        if crashed and state == _BEGUN:
            head[_CRASHES] += 1
    if not crashed:
        head[_CRASHES] = 0
    head[_STATE] = _STOPPED
    last_run(head)
    return why, crashed, head[_CRASHES]


def note(state):
    """Note b"stopped", b"begun" or b"good", which clears the count of crashes; not once reset() has noted its own."""
    head = read()
    if head[_STATE] in b"sbg":
        head[_STATE] = state[0]
        if state[0] == _GOOD:
            head[_CRASHES] = 0
        last_run(head)


def reset(why, who):
    """Reset the board; never return. `why` is "watchdog" (a coroutine gave no sign of life), "crash" (an exception that
    no guard caught), or "restart" (on purpose); 8 characters of `who` reach the next start.
    """
    head = read()
    if why != "restart" and head[_STATE] != _GOOD:  # a crash after a good minute does not count
        head[_CRASHES] = min(head[_CRASHES] + 1, 255)
    head[_STATE] = why.encode()[0]
    head[_WHO:] = (who.encode() + bytes(_SIZE))[: _SIZE - _WHO]
    last_run(head)
    machine.reset()
    while True:  # before MicroPython 1.20 reset() returns, and the SDK resets a little later
        time.sleep_ms(100)
