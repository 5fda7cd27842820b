"""The board's own sense of time, and the one place where it waits."""

from __future__ import annotations

import ctypes
import heapq
import itertools
import mmap
import os
import select
import time
from collections.abc import Callable

READABLE = select.EPOLLIN
# Told once at each change, for a pty: it hangs up for as long as nobody has it open.
EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET


class Skipped:
    """What a fast clock has skipped so far, and what a processor must know to skip: in memory that both share."""

    NEVER = (1 << 63) - 1

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        words = [ctypes.c_int64.from_buffer(self._memory, 8 * i) for i in range(4)]
        self._us, self._free_until_us, self._told, self._fast_until_us = words
        self.fast_until_us = self.NEVER

    @property
    def us(self) -> int:
        """Microseconds."""
        return self._us.value

    @property
    def address(self) -> int:
        """Where the microseconds are, an int64."""
        return ctypes.addressof(self._us)

    def add(self, us: int) -> None:
        """Skip so much more. One side at a time does: the processor while the board sleeps or answers it."""
        self._us.value += us

    @property
    def free_until_us(self) -> int:
        """Time of the board's clock before which the board does nothing by itself; NEVER. 0: it is awake, ask it."""
        return self._free_until_us.value

    @free_until_us.setter
    def free_until_us(self, us: int) -> None:
        self._free_until_us.value = us

    @property
    def fast_until_us(self) -> int:
        """Time of the board's clock from which on nothing is skipped; NEVER."""
        return self._fast_until_us.value

    @fast_until_us.setter
    def fast_until_us(self, us: int) -> None:
        self._fast_until_us.value = us

    @property
    def told(self) -> int:
        """Events that the board has sent to its processor."""
        return self._told.value

    @told.setter
    def told(self, events: int) -> None:
        self._told.value = events


class Alarm:
    """A call that is due at a time, until cancelled."""

    __slots__ = ("at", "call")

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Never make the call."""
        self.call = None


class Reactor:
    """Calls back for file descriptors that are ready and for alarms that are due, in seconds of the board's clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds, never going back."""
        self.skipped = Skipped()
        self._clock = clock
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._running = True
        self.sleeps: Callable[[], bool] = lambda: False  # whether the next alarm may come at once
        self._wake = os.eventfd(0, os.EFD_NONBLOCK)
        self._epoll.register(self._wake, READABLE)

    def close(self) -> None:
        """Give back the descriptors."""
        self._epoll.close()
        os.close(self._wake)

    def now(self) -> float:
        """The board's clock: seconds, never going back."""
        return self._clock() + self.skipped.us / 1e6

    def skip(self, until: float | None) -> bool:
        """Jump to the next alarm, but not beyond `until`; whether there was anything to skip, and the clock is fast."""
        self._drop_cancelled()
        times = [at for at in (until, self._alarms[0][0] if self._alarms else None) if at is not None]
        left = min(*times, self.skipped.fast_until_us / 1e6) - self.now() if times else 0.0
        if left <= 0:
            return False
        self.skipped.add(int(left * 1e6) + 1)
        return True

    @property
    def due(self) -> bool:
        """Whether an alarm is to ring before this turn ends."""
        self._drop_cancelled()
        return bool(self._alarms) and self._alarms[0][0] <= self.now()

    def call_at(self, at: float, call: Callable[[], None]) -> Alarm:
        """Make a call when the clock reaches `at`."""
        alarm = Alarm(at, call)
        heapq.heappush(self._alarms, (at, next(self._order), alarm))
        return alarm

    def call_in(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Make a call in so many seconds."""
        return self.call_at(self.now() + seconds, call)

    def watch(self, descriptor: int, call: Callable[[], None], events: int = READABLE) -> None:
        """Call when the descriptor is ready. events: READABLE, or EDGES for every change in both directions."""
        self._readers[descriptor] = call
        self._epoll.register(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Stop watching."""
        if self._readers.pop(descriptor, None):
            self._epoll.unregister(descriptor)

    def stop(self) -> None:
        """Make `run` return after what it is doing. May be called from a signal handler."""
        self._running = False
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Serve until stopped."""
        while self._running:
            if self.sleeps():
                self.skip(None)
            self.turn(self._until_alarm())

    def turn(self, wait_s: float | None = 0.0) -> None:
        """One round: wait so long (None: without end) for a descriptor, then serve what is ready and what is due."""
        self._drop_cancelled()
        self.skipped.free_until_us = int(self._alarms[0][0] * 1e6) if self._alarms else Skipped.NEVER
        happened = self._epoll.poll(wait_s)
        self.skipped.free_until_us = 0
        ready = [(descriptor, self._readers.get(descriptor)) for descriptor, _ in happened]
        for descriptor, reader in ready:
            # A call before this one may have closed the descriptor, and opened another that got its number.
            if reader and self._readers.get(descriptor) is reader:
                reader()
        while self._alarms and self._alarms[0][0] <= self.now():
            alarm = heapq.heappop(self._alarms)[2]
            if alarm.call:
                alarm.call()

    def _drop_cancelled(self) -> None:
        while self._alarms and self._alarms[0][2].call is None:
            heapq.heappop(self._alarms)

    def _until_alarm(self) -> float | None:
        self._drop_cancelled()
        return max(0.0, self._alarms[0][0] - self.now()) if self._alarms else None
