"""Why the board started, and how often in a row it crashed at once: kept in RTC memory, which survives resets and not
a loss of power, so that nothing wears the flash.

The first 12 bytes of RTC().memory() are ours (the outbox has the rest): b"hn", crashes in a row, state, 8 characters
that say who or why. machine.reset_cause() alone cannot tell: a watchdog of ours and a reset() typed by a user are
both SOFT_RESET, and a soft reset (Ctrl-D) leaves the cause of the last hard one in place.
"""

import time

import machine
from micropython import const

_HEAD = const(12)
_CRASHES = const(2)
_STATE = const(3)
_WHO = const(4)

# States: what the next start finds.
_STOPPED = const(0)  # the node was not running: it had not begun, or ended by itself and left the prompt
_STARTED = const(1)  # it was running, for less than a minute
_RUNNING = const(2)  # it was running, for longer
WATCHDOG = 3  # a coroutine gave no sign of life, and the watchdog reset the board
CRASH = 4  # an exception that no guard caught
RESTART = 5  # wanted: a command, a fault that lasted, no Wi-Fi for long

SAFE_AFTER = 3  # crashes in a row, each within a minute of its start, after which a start is a safe one

# machine.reset_cause() on the ESP8266 is the SDK's rst_reason; 2 and 3 have no name in `machine`.
_CAUSES = "power|hardware watchdog|exception|SDK watchdog|soft|deep sleep|button"
_DEADLY = const(3)  # 1 to 3


def start():
    """Look back, once a start. Return (why the board started, whether the last run crashed, crashes in a row)."""
    head = _read()
    state = head[_STATE]
    crashed = state == WATCHDOG or state == CRASH
    if crashed or state == RESTART:
        what = "restart" if state == RESTART else "crash" if state == CRASH else "watchdog"
        # A character at a time: a supply that sags leaves anything in RTC memory, and decode() would raise.
        why = "%s: %s" % (what, "".join([chr(c & 127) for c in head[_WHO:] if c]))
    else:
        cause = machine.reset_cause()
        why = _CAUSES.split("|")[cause]
        # A run that ended by itself cannot have died of a cause that is still there from before it.
        crashed = 0 < cause <= _DEADLY and state != _STOPPED
        if crashed:
            _count(head)
    if not crashed:
        head[_CRASHES] = 0
    head[_STATE] = _STOPPED
    _write(head)
    return why, crashed, head[_CRASHES]


def running():
    """Note that the node runs: from here on a watchdog of the hardware is a crash."""
    head = _read()
    head[_STATE] = _STARTED
    _write(head)


def well():
    """Note a minute of good running: a crash from here on is none at the start."""
    head = _read()
    head[_CRASHES] = 0
    head[_STATE] = _RUNNING
    _write(head)


def stopped():
    """Note that the node ended and leaves the board at its prompt; not when it ends because of reset()."""
    head = _read()
    if head[_STATE] in (_STARTED, _RUNNING):
        head[_STATE] = _STOPPED
        _write(head)


def reset(state, who):
    """Reset the board, for ever. `state`: WATCHDOG, CRASH or RESTART; 8 characters of `who` reach the next start."""
    head = _read()
    if state != RESTART:
        _count(head)
    head[_STATE] = state
    head[_WHO:] = (who.encode() + bytes(_HEAD - _WHO))[: _HEAD - _WHO]
    _write(head)
    machine.reset()
    while True:  # before MicroPython 1.20, reset() returns, and the SDK resets a little later
        time.sleep_ms(100)


def _count(head):
    if head[_STATE] != _RUNNING and head[_CRASHES] < 255:
        head[_CRASHES] += 1


def _read():
    head = bytearray(machine.RTC().memory()[:_HEAD])
    if len(head) < _HEAD or head[:2] != b"hn":
        head = bytearray(_HEAD)
        head[:2] = b"hn"
    return head


def _write(head):
    rtc = machine.RTC()
    rtc.memory(head + rtc.memory()[_HEAD:])
