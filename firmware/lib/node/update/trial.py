"""The file `slot`, and a version on trial: it must reach its broker within 3 minutes and must not crash three times.

`slot`: the half of the ROMFS partition that boot.py mounts; crashes on trial, or "-"; counter of the latest update;
what it brings. `slot.why`: why it was rolled back. On trial boot.py loads this module, as `trial`, from the old half.
"""

import io
import os
import sys
import time

import machine
from micropython import const

_CRASHES = const(3)
_TRIAL_MS = const(180000)
_START_MS = const(10000)  # a start later than this after a reset of the chip is a soft reset
_LATE = "the node did not reach its broker within 180 s"
_LONGEST = const(160)  # of the reason
_HEAD = const(12)  # bytes in RTC memory: see node/last_run.py
_STATE = const(3)
_NO_HEAP = b"hn\0d\0\0\0\0\0\0\0\0"

_noted = ""
_timer = None


def read():
    """Return the content of `slot`: [half, crashes or "-", counter, what the update brings]."""
    try:
        with open("slot") as f:
            words = f.read().split(" ", 3)
        return [int(words[0]) & 1, words[1], int(words[2]), words[3]]
    except (OSError, ValueError, IndexError):
        return [0, "-", 0, ""]


def write(*words):
    """Write `slot`, whole or not at all."""
    with open("slot.new", "w") as f:
        f.write("%d %s %d %s" % words)
    os.rename("slot.new", "slot")


def begin(half):
    """Try the version in that half, unless the trial is over. Return True when its own boot.py has run."""
    global _timer
    _count()
    if time.ticks_ms() < _START_MS:  # after a soft reset a user is at the prompt, and keeps the board
        _timer = machine.Timer(-1)
        _timer.init(mode=machine.Timer.PERIODIC, period=_TRIAL_MS, callback=_late)
    names = os.listdir()
    space = {"__name__": "boot"}
    for name in ("main.py", "boot.py"):
        try:
            if "%s.%d" % (name, half) in names:
                with open("%s.%d" % (name, half)) as f:
                    text = f.read()
                if name == "main.py":  # it is only compiled: MicroPython runs it when boot.py has ended
                    text = "if 0:\n " + text.replace("\n", "\n ")
                exec(text, space)
        except (Exception, SystemExit) as e:
            back("%s: %r" % (name, e))
    if "interrupted" in space:
        raise KeyboardInterrupt
    return "boot.py.%d" % half in names


def _count():
    """Count a crash of the last run, or a deep sleep, once; after too many, roll back."""
    half, crashes, counter, what = read()
    memory = machine.RTC().memory()
    state = chr(memory[_STATE]) if memory[:2] == b"hn" else "s"
    if state in "cw" or state in "bgr" and machine.reset_cause() in (1, 2, 3, 5):  # 5: a version on trial stays awake
        crashes = int(crashes) + 1
        write(half, crashes, counter, what)
    if state == "d":  # _late() had no memory left to say more
        back(_LATE + ", no heap is left")
    if int(crashes) >= _CRASHES:
        back("it crashed three times, at last in " + "".join([chr(c & 127) for c in memory[_STATE + 1 : _HEAD] if c]))
    machine.RTC().memory(b"hn\0rupdate\0\0" + memory[_HEAD:])  # a restart: no safe start for a crash on trial


def _late(_):
    try:
        back(_LATE + _noted)
    except Exception:
        machine.RTC().memory(_NO_HEAP)
        machine.reset()


def note(e):
    """Note an exception of the version on trial, and where it came from."""
    global _noted
    text = io.StringIO()
    sys.print_exception(e, text)
    _noted = ": " + ": ".join([line.strip() for line in text.getvalue().strip().split("\n")[-2:]])


def fail(e):
    """Roll back because of that exception."""
    note(e)
    back("it failed" + _noted)


def back(why):
    """Roll back: keep the reason in `slot.why`, and start the old version again."""
    half, _, counter, what = read()
    with open("slot.why", "w") as f:
        f.write("%s (%s)" % (why[:_LONGEST], what))
    write(1 - half, "-", counter, "")
    memory = machine.RTC().memory()
    machine.RTC().memory(b"hn\0s" + bytes(8) + memory[_HEAD:])  # crashes of the trial no longer count
    machine.reset()


def stop():
    """Stop the timer, which would reset the board under a user at the prompt."""
    if _timer:
        _timer.deinit()


def commit():
    """Keep the version on trial; return its number."""
    half, _, counter, _ = read()
    write(half, "-", counter, "")
    stop()
    del sys.modules["trial"]
    main = "main.py.%d" % (1 - half)
    for change in ((os.rename, "boot.py.%d" % half, "boot.py"), (os.remove, main), (os.remove, "slot.why")):
        try:
            change[0](*change[1:])
        except OSError:
            pass  # the update did not bring it
    return counter
