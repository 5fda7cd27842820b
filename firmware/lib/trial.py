"""An update by air on trial: boot.py calls this first, while there is a folder new/.

node/update.py and node/verify.py have put there the manifest, the new files, and "go" when all were verified. Which of
these three files is there says what is to be done:

go    to be switched, then on trial: the node must reach its broker within 3 minutes and must not crash three times,
      which this file counts
back  the old files are to be had again; "why" says why
done  the new ones are good; what is left of the old ones goes

Meanwhile a few lines in the place of main.py run it, and look after the time even when nothing else works.
"""

import builtins
import os
import sys
import time

import machine
from micropython import const
from staged import exists, manifest, put

_CRASHES = const(3)
_TICK_MS = const(5000)
_TICKS = const(36)
_LATE = "did not reach its broker within 180 s"

# What can be tried but for its import, and what it must have.
_TRIED = (
    ("staged.mpy", "manifest"),
    ("moves.mpy", "switch"),
    ("trial.mpy", "boot"),
    ("twins.mpy", "use"),
    ("boot.py", "__name__"),
)

# The word of node/resets.py in RTC memory: b"hn", crashes in a row, state, who.
_HEAD = const(12)
_STATE = const(3)

_NO_HEAP = b"hn\0d\0\0\0\0\0\0\0\0"

running = False  # these are the new files; a new boot.py calls boot() again
_blamed = False
_left = _TICKS
_timer = None
_import = builtins.__import__
_modules = ""


def boot():
    """Do what new/ asks for."""
    global running
    if running:
        return
    if exists("new/go"):
        _moves().switch()
        why = _failed()
        if not why:
            running = True
            _watch()
            return
        back(why)
    if exists("new/back"):
        _moves().go_back()
    elif exists("new/done"):
        for _ in _moves().finish():
            pass
    elif not os.listdir("new"):
        os.rmdir("new")
    sys.modules.pop("trial", None)
    sys.modules.pop("staged", None)


def _moves():
    module = __import__("moves")
    sys.modules.pop("moves", None)
    return module


def _failed():
    """Return why the trial is over, or None. Counts a crash of the last run; not once more at a soft reset."""
    with open("new/go") as f:
        crashes = int(f.read())
    rtc = machine.RTC()
    memory = bytearray(rtc.memory())
    if len(memory) < _HEAD or memory[:2] != b"hn":
        memory = bytearray(b"hn\0s") + bytes(_HEAD - 4)
    state = chr(memory[_STATE])
    if state in "cw" or state == "b" and 0 < machine.reset_cause() <= 3:
        crashes += 1
        put("new/go", str(crashes))
    if state == "d":  # _tick() had no memory left to say more
        return _LATE + ", no heap is left"
    if crashes >= _CRASHES:
        return "crashed three times, at last in " + "".join([chr(c & 127) for c in memory[_STATE + 1 : _HEAD] if c])
    memory[2:4] = b"\0b"  # no safe start for a crash on trial
    rtc.memory(memory)


def _watch():
    """Have whatever import fails tell which of the new files it was."""
    global _modules
    for _, path, _, _ in manifest():
        if path.startswith("lib/"):
            _modules += path[3:-4].replace("/", ".") + "/"
    _modules = _modules.replace(".__init__/", "/")
    try:
        builtins.__import__ = blame
    except AttributeError:  # a MicroPython that does not allow it: the reason will be less exact
        pass


def blame(name, *rest):
    """__import__, while the new files are on trial. twins.py calls it, since builtins only gives the first one."""
    try:
        return _import(name, *rest)
    except Exception as e:
        if not _blamed and "." + name + "/" in _modules:
            _note("lib/%s.mpy: %r" % (name.replace(".", "/"), e))
        raise


def _note(why):
    global _blamed
    _blamed = True
    try:
        put("new/why", why)
    except (OSError, MemoryError):
        pass


def begin(interrupted):
    """Try those of the new files that come with a good end only. Say whether main.py is to be run, from new/."""
    global _timer
    _timer = machine.Timer(-1)
    _timer.init(mode=machine.Timer.PERIODIC, period=_TICK_MS, callback=_tick)
    sys.path.insert(0, "new")
    if interrupted:
        return False
    for top, needs in _TRIED:
        if exists("new/" + top):
            _try(top, needs)
    sys.modules.pop("main", None)
    return True


def _try(top, needs):
    name = top.split(".")[0]
    now = sys.modules.pop(name, None)
    try:
        getattr(__import__(name), needs)
    except (Exception, SystemExit) as e:
        fail(top, e)
    finally:
        if now:
            sys.modules[name] = now


def fail(top, e):
    """End the trial, for what `top` raised."""
    sys.print_exception(e)
    _note("%s: %r" % (top, e))
    back("")
    _reset()


def wait():
    """Return when the new files are good. main.py has ended: nothing but the time, or Ctrl-C, goes on."""
    if exists("new/go"):
        print("An update by air is on trial: Ctrl-C gives the prompt.")
    while exists("new/go"):
        time.sleep_ms(100)


def end():
    """Leave the prompt with nothing going on."""
    if _timer:
        _timer.deinit()
    if "new" in sys.path:
        sys.path.remove("new")


def _tick(_):
    global _left
    _left -= 1
    if _left <= 0:
        try:
            back(_LATE)
        except Exception:
            machine.RTC().memory(_NO_HEAP)
        _reset()


def _reset():
    machine.reset()
    while True:  # before MicroPython 1.20 reset() returns, and the SDK resets a little later
        time.sleep_ms(100)


def back(why):
    """Have the old files again, from the next start on. `why`, unless something more exact is known."""
    if not exists("new/why"):
        put("new/why", why)
    os.rename("new/go", "new/back")


def commit():
    """The new files are good: keep them. A generator: a file at a time."""
    global _modules
    os.rename("new/go", "new/done")
    if _timer:
        _timer.deinit()
    _modules = ""
    return _moves().finish()
