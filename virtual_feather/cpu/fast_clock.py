"""A clock that skips what nobody waits through: 30 days of a node's life in minutes.

The board's clock is real time plus what has been skipped. It skips only while the processor sleeps or polls with a
time-out and nothing is under way: no event of the board's unseen, no packet out that may bring an answer. Sockets are
real all along.
"""

from __future__ import annotations

import ctypes
import errno
import math
import os
import select
import time
from collections.abc import Callable

from ..reactor import Skipped
from .interrupts import Interrupts
from .native import Interpreter
from .traffic import Traffic

_INT, _POINTER, _ULONG = ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong
_SLICE_MS = 5


class PollFd(ctypes.Structure):
    """struct pollfd."""

    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


class FastClock:
    """Takes the place of the interpreter's clock and of its waiting."""

    def __init__(
        self,
        python: Interpreter,
        skipped: Skipped,
        idle: Callable[[int | None, int], bool],
        interrupts: Interrupts,
    ) -> None:
        """idle(until_us, events): ask the board to skip up to a time of its clock or its next alarm; whether it did.

        It does not when it has sent more events than that.
        """
        self._python = python
        self._skipped = skipped
        self._idle = idle
        self._interrupts = interrupts
        self._traffic = Traffic(python)
        self._libc = ctypes.CDLL(None, use_errno=True)
        for name, divisor in (("mp_hal_ticks_us", 1), ("mp_hal_ticks_ms", 1000)):
            python.add_to(name, "mp_hal_ticks_us", skipped.address, divisor)
        python.replace("poll", ctypes.CFUNCTYPE(_INT, _POINTER, _ULONG, _INT, use_errno=True), self._poll)
        python.replace("select", ctypes.CFUNCTYPE(_INT, _INT, *[_POINTER] * 4, use_errno=True), self._select)

    def now_us(self) -> int:
        """The board's clock."""
        return time.monotonic_ns() // 1000 + self._skipped.us

    def delay_ms(self, ms: int) -> None:
        """time.sleep_ms: returns early when a KeyboardInterrupt is to be raised."""
        end = self.now_us() + ms * 1000
        while True:
            # Counted before the callbacks run: what comes while they do is not skipped over.
            events = self._interrupts.taken
            if self._python.handle_pending() or self.now_us() >= end:
                return
            if not self._skip(end, events):
                self._wait(0, 0, 1)

    def _skip(self, until_us: int | None, events: int) -> bool:
        """Skip up to that time or the board's next alarm; whether there was anything to skip.

        While the board sleeps it need not be asked. It may wake at this very moment: for it that is a moment later.
        """
        free_until_us, fast_until_us = self._skipped.free_until_us, self._skipped.fast_until_us
        now = self.now_us()
        if fast_until_us <= now:
            return False
        end = free_until_us if until_us is None else min(until_us, free_until_us)
        if end <= now or end == Skipped.NEVER:
            return self._idle(until_us, events)
        if self._skipped.told != events:
            return False
        self._skipped.add(min(end, fast_until_us) - now)
        return True

    def _poll(self, array: int, count: int, timeout_ms: int) -> int:
        """poll(2) that skips its time-out when nothing is under way."""
        end = None if timeout_ms < 0 else self.now_us() + timeout_ms * 1000
        while True:
            events = self._interrupts.taken
            if self._python.pending:
                ctypes.set_errno(errno.EINTR)
                return -1  # the interpreter sees to it and polls again
            noise_ms = math.ceil(self._traffic.noise_s() * 1000) if timeout_ms else 0
            ready = self._wait(array, count, min(max(noise_ms, 0), _SLICE_MS)) if count or noise_ms > 0 else 0
            if ready > 0 and _heard(array, count):
                self._traffic.heard()
            if ready or (end is not None and self.now_us() >= end):
                return ready
            if noise_ms <= 0 and not self._skip(end, events):
                ready = self._wait(array, count, self._slice_ms(end))
                if ready:
                    return ready

    def _slice_ms(self, end: int | None) -> int:
        """How long to wait for what comes before the clock is looked at again."""
        if end is None:
            return -1
        return min(_SLICE_MS, max(0, math.ceil((end - self.now_us()) / 1000)))

    def _wait(self, array: int, count: int, timeout_ms: int) -> int:
        """poll(2), which an event of the board ends too."""
        size = ctypes.sizeof(PollFd) * count
        entries = (PollFd * (count + 1))()
        ctypes.memmove(entries, array, size)
        entries[count].fd, entries[count].events = self._interrupts.wake, select.POLLIN
        ready = self._libc.poll(entries, _ULONG(count + 1), timeout_ms)
        ctypes.memmove(array, entries, size)
        if ready > 0 and entries[count].revents:
            os.eventfd_read(self._interrupts.wake)
            ready -= 1
        return ready

    def _select(self, *arguments: int) -> int:
        """The interpreter selects only to sleep: time.sleep. The last argument is the time-out."""
        seconds, micros = (ctypes.c_long * 2).from_address(arguments[-1])
        self.delay_ms(seconds * 1000 + micros // 1000)
        return 0


def _heard(array: int, count: int) -> bool:
    """Whether anything has come in; that there is room to send says nothing of an answer."""
    return any(entry.revents & ~select.POLLOUT for entry in (PollFd * count).from_address(array))
