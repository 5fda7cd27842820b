"""The node's library: one job a file; main.py puts the pieces together. Here is what they all need.

Inside the node a time is seconds since 2000-01-01, the ESP8266's epoch: a small int until 2034, which needs no heap.
"""

import gc
import sys
import time

VERSION = "0.2.0"
KNOWN = 757382400  # 2024: an earlier clock is one that nobody has set; no uptime() gets there

_last = None  # ticks_ms() of the latest uptime(), and what it was
_s = 0
_ms = 0

try:
    import asyncio  # noqa: F401
except ImportError:  # before MicroPython 1.21 it is called uasyncio
    import uasyncio

    sys.modules["asyncio"] = uasyncio

# Many built-in modules are looked for in every folder of sys.path first, each time somebody imports them; and a look
# needs stack, of which there is little. Not once they are here.
for _name in ("binascii", "errno", "hashlib", "json", "machine", "os", "select", "socket", "struct", "time"):
    try:
        sys.modules[_name] = __import__(_name)
    except ImportError:  # on the host, which checks config.json with schema.py
        pass


def load(name):
    """Return the module node.<name>, kept by nobody: when the caller is through with it, the heap has its place again.

    For what happens now and then: the start, a connection being made, a command. What runs all the time is imported.
    The heap is swept before, so that what stays from now on lies together and leaves large blocks free.
    """
    gc.collect()
    module = __import__("node." + name, None, None, ("run",))
    sys.modules.pop("node." + name, None)
    globals().pop(name, None)
    return module


def shallow(*call):
    """In a coroutine: await shallow(function, ...) calls it where the stack has room, and returns what it returns.

    The ESP8266 has 8 KiB of stack. Coroutines that wait for one another take a part of it each time they run, and an
    import a good third. So the guard of a coroutine (tasks.py) gets the call, makes it and sends the result back.
    """
    return (yield call)


def uptime():
    """Return the whole seconds since the first call. It must be called at least every 6 days: ticks_ms() wraps."""
    global _last, _s, _ms
    now = time.ticks_ms()
    if _last is not None:
        _ms += time.ticks_diff(now, _last)
        _s += _ms // 1000
        _ms %= 1000
    _last = now
    return _s


def stamp():
    """Return what to keep of this moment: the calendar's seconds, which are KNOWN or more, or else uptime()."""
    since_start = uptime()  # called in any case, for its sake
    seconds = int(time.time())
    return seconds if seconds >= KNOWN else since_start
