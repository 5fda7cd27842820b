"""A small asyncio for the image that has none (v1.19.1 of 1 MiB): the calls that the node uses, as MicroPython has them.

Scheduling: a coroutine that sleeps yields its milliseconds to run(), which files the task in `_queue` by the time it is
due. One that waits for anything else has filed itself there (`task.on`, something with remove(task)) and yields None.
Ticks are compared by ticks_diff() only, so the counter may wrap at any moment; no sleep may be longer than 2**29 - 1 ms.
"""

import select
import sys
from time import ticks_add, ticks_diff, ticks_ms

core = sys.modules[__name__]  # upstream's name for where _io_queue is

cur_task = None


class CancelledError(BaseException):
    pass


class Task:
    """A coroutine that runs by itself. `await task` returns its value, or raises what it raised."""

    def __init__(self, coro):
        self.coro = coro
        self.on = None  # what holds it now: _queue, _io_queue, an Event, a Task; None while it runs
        self.due = 0
        self.error = None  # to be thrown into it when it next runs; once done, what it raised
        self.value = None
        self.waiting = None  # tasks that await it, a list as soon as there is one; False: it is done

    def done(self):
        return self.waiting is False

    def cancel(self):
        """Make CancelledError come out of what the task waits for. Returns False when it is done already."""
        if self.done():
            return False
        if self is cur_task:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.on, Task):  # the innermost one, as upstream does: whoever awaits it hears of it
            task = task.on
        task.on.remove(task)
        _queue.push(task, ticks_ms())
        task.error = CancelledError()
        return True

    def __iter__(self):
        if not self.done():
            if self.waiting is None:
                self.waiting = []
            self.waiting.append(cur_task)
            cur_task.on = self
            yield
        if self.error:
            raise self.error
        return self.value

    def remove(self, task):
        self.waiting.remove(task)

    def finish(self, error, value=None):
        """Note how the coroutine ended, and wake who awaits it."""
        self.error, self.value = error, value
        waiting, self.waiting = self.waiting, False
        if waiting:
            _wake(waiting)
        elif error and not isinstance(error, CancelledError):
            print("Task exception wasn't retrieved")
            sys.print_exception(error)


class _Queue:
    """Tasks by the time they are due; those of one time in the order they came."""

    def __init__(self):
        self.tasks = []

    def push(self, task, due):
        tasks = self.tasks
        i = len(tasks)
        while i and ticks_diff(tasks[i - 1].due, due) > 0:
            i -= 1
        tasks.insert(i, task)
        task.due = due
        task.on = self

    def remove(self, task):
        self.tasks.remove(task)


class _IOQueue:
    """Tasks that wait for a stream: one reader and one writer for each."""

    def __init__(self):
        self.poller = select.poll()
        self.map = {}  # id(stream): [stream, reader, writer]

    def queue_read(self, stream):
        self._park(stream, 1)

    def queue_write(self, stream):
        self._park(stream, 2)

    def _park(self, stream, side):
        entry = self.map.setdefault(id(stream), [stream, None, None])
        entry[side] = cur_task
        cur_task.on = self
        self.poller.register(stream, _interest(entry))

    def remove(self, task):
        for entry in list(self.map.values()):
            for side in (1, 2):
                if entry[side] is task:
                    entry[side] = None
            self._tidy(entry)

    def _tidy(self, entry):
        """Ask the poller only for what somebody waits for: an event nobody takes would come again at once, for ever."""
        events = _interest(entry)
        if events:
            self.poller.modify(entry[0], events)
        else:
            self.poller.unregister(entry[0])
            del self.map[id(entry[0])]

    def poll(self, timeout):
        """Wait `timeout` ms at most (-1: for ever), then queue the tasks whose stream is ready or broken."""
        for stream, events in self.poller.ipoll(timeout):
            entry = self.map[id(stream)]
            for side, others in ((1, ~select.POLLOUT), (2, ~select.POLLIN)):
                if events & others and entry[side]:
                    _queue.push(entry[side], ticks_ms())
                    entry[side] = None
            self._tidy(entry)


def _interest(entry):
    return (select.POLLIN if entry[1] else 0) | (select.POLLOUT if entry[2] else 0)


class Event:
    """A flag that tasks can wait for."""

    def __init__(self):
        self.state = False
        self.waiting = []

    def is_set(self):
        return self.state

    def set(self):
        self.state = True
        if self.waiting:
            _wake(self.waiting)

    def clear(self):
        self.state = False

    def wait(self):
        if not self.state:
            self.waiting.append(cur_task)
            cur_task.on = self
            yield
        return True

    def remove(self, task):
        self.waiting.remove(task)


def _wake(waiting):
    """Queue the tasks of a list, in its order, and empty it."""
    now = ticks_ms()
    while waiting:
        _queue.push(waiting.pop(0), now)


def new_event_loop():
    """Forget every task."""
    global _queue, _io_queue, cur_task
    _queue = _Queue()
    _io_queue = _IOQueue()
    cur_task = None


def create_task(coro):
    """Start a coroutine as a Task of its own, at the next turn of the loop."""
    if not hasattr(coro, "send"):
        raise TypeError("coroutine expected")
    task = Task(coro)
    _queue.push(task, ticks_ms())
    return task


def current_task():
    """Return the Task that runs now."""
    if cur_task is None:
        raise RuntimeError("no running event loop")
    return cur_task


def sleep_ms(ms):
    """Wait for `ms` milliseconds; 0 lets the others run once."""
    return (ms,)  # awaiting a tuple yields its items: run() gets the number, and no generator is made


def sleep(seconds):
    """Wait for `seconds`."""
    return sleep_ms(int(seconds * 1000))


def run(coro):
    """Run `coro` and what it starts until it ends; return its value, or raise what it raised."""
    global cur_task
    main = create_task(coro)
    while not main.done():
        _wait()
        task = _queue.tasks.pop(0)
        cur_task = task
        task.on = None
        error, task.error = task.error, None
        try:
            pause = task.coro.throw(error) if error else task.coro.send(None)
            if pause is not None:
                _queue.push(task, ticks_add(ticks_ms(), max(0, pause)))
        except StopIteration as e:
            task.finish(None, e.value)
        except (CancelledError, Exception) as e:
            if task is main:
                task.waiting = False
                raise
            task.finish(e)
        finally:
            cur_task = None
    return main.value


def _wait():
    """Sleep until the first task of the queue is due; meanwhile streams may bring others to the front."""
    while True:
        tasks = _queue.tasks
        left = max(0, ticks_diff(tasks[0].due, ticks_ms())) if tasks else -1
        _io_queue.poll(left)
        if tasks and left == 0:
            return


new_event_loop()
