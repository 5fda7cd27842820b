"""A small asyncio for the image that has none (1 MiB, v1.19.1): what the node uses of it, as MicroPython's own has it.

There are no streams, events, locks or timeouts, and a task cannot be awaited or cancelled: heap matters more there. A
coroutine that sleeps yields its milliseconds to run(), which files the task by the time it is due. Ticks are only
compared by ticks_diff(): the counter may wrap at any moment. No sleep may be longer than 2**29 - 1 ms.
"""

import sys
from time import sleep_ms as hold
from time import ticks_add, ticks_diff, ticks_ms

_tasks = []  # [ticks_ms() when it is due, coroutine], the first one first


def _file(task, due):
    """Put a task among the others, behind those of that time."""
    i = len(_tasks)
    while i and ticks_diff(_tasks[i - 1][0], due) > 0:
        i -= 1
    _tasks.insert(i, task)
    task[0] = due


def create_task(coro):
    """Start a coroutine as a task of its own, at the next turn of the loop."""
    if not hasattr(coro, "send"):
        raise TypeError("coroutine expected")
    task = [0, coro]
    _file(task, ticks_ms())
    return task


def sleep_ms(ms):
    """Wait for `ms` milliseconds; 0 lets the others run once."""
    return (ms,)  # awaiting a tuple yields its items, so run() gets the number; and no generator is made


def sleep(seconds):
    """Wait for `seconds`."""
    return sleep_ms(int(seconds * 1000))


def new_event_loop():
    """Forget all tasks."""
    _tasks.clear()


def run(coro):
    """Run `coro` and all tasks until it ends; return its value, or raise what it raised."""
    main = create_task(coro)
    while True:
        left = ticks_diff(_tasks[0][0], ticks_ms())
        while left > 0:
            hold(left)
            left = ticks_diff(_tasks[0][0], ticks_ms())
        task = _tasks.pop(0)
        try:
            _file(task, ticks_add(ticks_ms(), max(0, task[1].send(None))))
        except StopIteration as e:
            if task is main:
                return e.value
        except Exception as e:
            if task is main:
                raise
            print("Task exception wasn't retrieved")
            sys.print_exception(e)
