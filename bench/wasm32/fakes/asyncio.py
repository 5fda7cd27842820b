"""asyncio for a node whose loop must be left and entered again: WebAssembly shows only what a program that has returned
retains. The scheduler is the interpreter's own, in C, as on the image; so are the tasks, in size.
"""

import select
import sys
from time import ticks_add, ticks_diff, ticks_ms

from _asyncio import Task, TaskQueue

core = sys.modules[__name__]
cur_task = None


class CancelledError(BaseException):
    pass


class Running(BaseException):
    """Raised by run() once its coroutine is a task: turn() then runs the loop."""


class _Sleep:
    state = None

    def __iter__(self):
        return self

    def __next__(self):
        if self.state is None:
            raise StopIteration
        _task_queue.push(cur_task, self.state)
        self.state = None


_sleep = _Sleep()


def sleep_ms(ms):
    _sleep.state = ticks_add(ticks_ms(), max(0, ms))
    return _sleep


class _IOQueue:
    def __init__(self):
        self.poller = select.poll()
        self.map = {}

    def _wait(self, stream, side, events):
        self.map[id(stream)] = [None, None, None, stream]
        self.map[id(stream)][side] = cur_task
        self.poller.register(stream, events)
        cur_task.data = self

    def queue_read(self, stream):
        self._wait(stream, 0, select.POLLIN)

    def queue_write(self, stream):
        self._wait(stream, 2, select.POLLOUT)

    def remove(self, task):
        for tasks in list(self.map.values()):
            if task in tasks:
                self._forget(tasks)

    def _forget(self, tasks):
        self.poller.unregister(tasks[3])
        del self.map[id(tasks[3])]

    def poll(self, ms):
        for stream, _ in self.poller.ipoll(ms):
            tasks = self.map[id(stream)]
            _task_queue.push(tasks[0] or tasks[2])
            self._forget(tasks)


class Event:
    def __init__(self):
        self.state = False
        self.waiting = TaskQueue()

    def is_set(self):
        return self.state

    def set(self):
        while self.waiting.peek():
            _task_queue.push(self.waiting.pop())
        self.state = True

    def clear(self):
        self.state = False

    def wait(self):
        if not self.state:
            self.waiting.push(cur_task)
            cur_task.data = self.waiting
            yield
        return True


def create_task(coroutine):
    task = Task(coroutine, globals())
    _task_queue.push(task)
    return task


def run(coroutine):
    create_task(coroutine)
    raise Running


def new_event_loop():
    """The loop goes on: whoever left it by Running has not ended it."""


def turn(ms):
    """Run the loop for `ms`."""
    global cur_task
    end = ticks_add(ticks_ms(), ms)
    while True:
        task = _task_queue.peek()
        due = task.ph_key if task else end
        if ticks_diff(end, due) < 0:
            due = end
        _io_queue.poll(max(0, ticks_diff(due, ticks_ms())))
        if ticks_diff(end, ticks_ms()) <= 0:
            return
        task = _task_queue.peek()
        if task and ticks_diff(task.ph_key, ticks_ms()) <= 0:
            cur_task = _task_queue.pop()
            error, cur_task.data = cur_task.data, None
            try:
                cur_task.coro.throw(error) if error else cur_task.coro.send(None)
            except StopIteration:
                pass
            except CancelledError:
                pass


_task_queue = TaskQueue()
_io_queue = _IOQueue()
