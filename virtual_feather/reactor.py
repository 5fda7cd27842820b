"""The board's own sense of time, and the one place where it waits."""

from __future__ import annotations

import heapq
import itertools
import select
import time
from collections.abc import Callable

from .cpu.fast_clock import Skipped


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
    """Calls back for file descriptors that are ready and for alarms that are due. Times are seconds of the board's clock."""

    def __init__(self) -> None:
        self.skipped = Skipped()
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._running = True

    def now(self) -> float:
        """The board's clock: seconds, never going back."""
        return time.monotonic() + self.skipped.us / 1e6

    def skip(self, until: float | None) -> bool:
        """Jump to the next alarm, but not beyond `until`; whether there was anything to skip."""
        self._drop_cancelled()
        times = [at for at in (until, self._alarms[0][0] if self._alarms else None) if at is not None]
        left = min(times) - self.now() if times else 0.0
        if left <= 0:
            return False
        self.skipped.add(int(left * 1e6) + 1)
        return True

    def call_at(self, at: float, call: Callable[[], None]) -> Alarm:
        """Make a call when the clock reaches `at`."""
        alarm = Alarm(at, call)
        heapq.heappush(self._alarms, (at, next(self._order), alarm))
        return alarm

    def call_in(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Make a call in so many seconds."""
        return self.call_at(self.now() + seconds, call)

    def watch(self, descriptor: int, call: Callable[[], None], edge: bool = False) -> None:
        """Call when there is something to read; with `edge` once for each arrival, for a pty that nobody has open."""
        self._readers[descriptor] = call
        self._epoll.register(descriptor, select.EPOLLIN | (select.EPOLLET if edge else 0))

    def forget(self, descriptor: int) -> None:
        """Stop watching."""
        if self._readers.pop(descriptor, None):
            self._epoll.unregister(descriptor)

    def stop(self) -> None:
        """Make `run` return after what it is doing."""
        self._running = False

    def run(self) -> None:
        """Serve until stopped."""
        while self._running:
            for descriptor, _ in self._epoll.poll(self._until_alarm()):
                if reader := self._readers.get(descriptor):
                    reader()
            self._ring()

    def _drop_cancelled(self) -> None:
        while self._alarms and self._alarms[0][2].call is None:
            heapq.heappop(self._alarms)

    def _until_alarm(self) -> float | None:
        self._drop_cancelled()
        return max(0.0, self._alarms[0][0] - self.now()) if self._alarms else None

    def _ring(self) -> None:
        while self._alarms and self._alarms[0][0] <= self.now():
            alarm = heapq.heappop(self._alarms)[2]
            if alarm.call:
                alarm.call()
