"""A small asyncio for the image that has none (1 MiB, v1.19.1): what the node uses of it, as MicroPython's own has it.

There are no streams, locks or timeouts, and a task cannot be awaited. A coroutine that sleeps yields its milliseconds
to run(), which files the task by the time it is due; one that waits for an Event has filed itself there and yields None.
Ticks are only compared by ticks_diff(): the counter may wrap at any moment. No sleep may be longer than 2**29 - 1 ms.
"""

import sys
from time import sleep_ms as _hold
from time import ticks_add, ticks_diff, ticks_ms

_tasks = []  # those that are due at some time, the first one first
_current = None


class CancelledError(BaseException):
    pass


class Task:
    """A coroutine that runs by itself."""

    def __init__(self, coro):
        self.coro = coro  # None: it is done
        self.held = None  # the list that it waits in; None while it runs
        self.due = 0
        self.error = None  # to be raised in it when its turn comes

    def done(self):
        return self.coro is None

    def cancel(self):
        """Make CancelledError come out of what the task waits for. Returns False when it is done already."""
        if self.done():
            return False
        if self is _current:
            raise RuntimeError("can't cancel self")
        self.held.remove(self)
        _file(self, ticks_ms())
        self.error = CancelledError()
        return True


class Event:
    """A flag that tasks can wait for."""

    def __init__(self):
        self._flag = False
        self._waiting = []

    def is_set(self):
        return self._flag

    def set(self):
        self._flag = True
        while self._waiting:
            _file(self._waiting.pop(0), ticks_ms())

    def clear(self):
        self._flag = False

    def wait(self):
        if not self._flag:
            self._waiting.append(_current)
            _current.held = self._waiting
            yield
        return True


def _file(task, due):
    """Put a task among those that are due at some time, behind the others of that time."""
    i = len(_tasks)
    while i and ticks_diff(_tasks[i - 1].due, due) > 0:
        i -= 1
    _tasks.insert(i, task)
    task.due = due
    task.held = _tasks


def create_task(coro):
    """Start a coroutine as a Task of its own, at the next turn of the loop."""
    if not hasattr(coro, "send"):
        raise TypeError("coroutine expected")
    task = Task(coro)
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
    global _current
    _tasks.clear()
    _current = None


def run(coro):
    """Run `coro` and all tasks until it ends; return its value, or raise what it raised."""
    global _current
    main = create_task(coro)
    while True:
        _rest()
        task = _current = _tasks.pop(0)
        task.held = None
        error, task.error = task.error, None
        try:
            pause = task.coro.throw(error) if error else task.coro.send(None)
            if pause is not None:
                _file(task, ticks_add(ticks_ms(), max(0, pause)))
        except (StopIteration, CancelledError, Exception) as e:
            task.coro = None
            if task is main:
                if isinstance(e, StopIteration):
                    return e.value
                raise
            if not isinstance(e, (StopIteration, CancelledError)):
                print("Task exception wasn't retrieved")
                sys.print_exception(e)
        finally:
            _current = None


def _rest():
    """Return when the first task is due."""
    while True:
        left = ticks_diff(_tasks[0].due, ticks_ms()) if _tasks else 1
        if left <= 0:
            return
        _hold(left)
