"""The node's library: main.py puts its modules together. This file has what several of them need.

A time is seconds since 2000-01-01, the ESP8266's epoch: a small int until 2034, which needs no heap.
"""

import gc
import sys
import time

from micropython import const

VERSION = "1.0.1"
KNOWN = 757382400  # 2024: a clock before it has not been set; no uptime() gets this far
LAST = 2147483647  # 2068-01-19: a later time does not fit in a record of outbox.py, and is probably wrong
# Modules that stay in the heap; drop() drops the others.
_KEPT = const(" board faults jobs outbox packet_stream sensors session supervisor ")

# For uptime(): ticks_ms(), seconds and milliseconds of its latest call. These names exist anyway, and so take no heap.
last = None
s = 0
ms = 0

try:
    import asyncio  # noqa: F401
except ImportError:  # before MicroPython 1.21 it is called uasyncio
    import uasyncio

    sys.modules["asyncio"] = uasyncio

# At each import MicroPython searches every folder of sys.path before it takes many of the built-in modules, and that
# takes stack. It does not search for a module in sys.modules.
for name in ("binascii", "errno", "hashlib", "json", "machine", "os", "select", "socket", "struct", "time"):
    try:
        sys.modules[name] = __import__(name)
    except ImportError:  # on the host, which checks config.json with schema.py
        pass


def drop():
    """Drop every module of the node but those in _KEPT, and collect the garbage, so that what stays lies together.

    Called after the start, a job, a reading. A function that needs such a module imports it itself.
    """
    gc.collect()
    for name in [name for name in sys.modules if name.startswith("node.") and " " + name[5:] + " " not in _KEPT]:
        del sys.modules[name]
        dot = name.rfind(".")
        if name[:dot] in sys.modules:
            sys.modules[name[:dot]].__dict__.pop(name[dot + 1 :], None)
    gc.collect()


def with_room(*call):
    """In a coroutine, await with_room(function, ...) calls function where the stack has room, and returns its result.

    The ESP8266 has 8 KiB of stack. Coroutines that await one another take a part of it each time they run, and an
    import a good third. So the guard of a coroutine (supervisor.py) makes the call and sends the result back. Example:
    await with_room(__import__, "node.resolve") before `from node import resolve`.
    """
    return (yield call)


def uptime():
    """Return the whole seconds since the first call. It must be called at least every 6 days: ticks_ms() wraps."""
    global last, s, ms
    now = time.ticks_ms()
    if last is not None:
        ms += time.ticks_diff(now, last)
        s += ms // 1000
        ms %= 1000
    last = now
    return s


def stamp():
    """Return the timestamp of a record: the clock's seconds if they are from KNOWN to LAST, otherwise uptime()."""
    since_start = uptime()  # in any case, since it must be called regularly
    seconds = int(time.time())
    return seconds if KNOWN <= seconds <= LAST else since_start
