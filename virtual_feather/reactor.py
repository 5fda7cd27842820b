"""The board's clock and event loop: the one place where the board waits."""

from __future__ import annotations

import heapq
import itertools
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

READABLE = select.EPOLLIN
# Edge-triggered, for a pty: it reports a hang-up for as long as no client has it open.
EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET


NEVER = (1 << 63) - 1


@dataclass
class Clock:
    """What a fast clock has skipped so far, and what a processor must know to skip, in microseconds.

    A board keeps these fields in the page that it shares with its processor (processor/page.py). Only one side skips at
    a time: the processor, while the board sleeps or answers the processor.
    """

    skipped_us: int = 0
    free_until_us: int = 0  # the board does nothing by itself before this time; 0: it is awake
    fast_until_us: int = NEVER  # nothing is skipped from this time on


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
        self.shared = Clock()
        self._clock = clock
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._running = True
        self.sleeps: Callable[[], bool] = lambda: False  # whether the clock may skip to the next alarm
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._epoll.register(self._woken, READABLE)

    def close(self) -> None:
        """Close the descriptors."""
        self._epoll.close()
        os.close(self._woken)
        os.close(self._wake)

    def now(self) -> float:
        """The board's clock: seconds, never going back."""
        return self._clock() + self.shared.skipped_us / 1e6

    def skip(self, until: float | None) -> bool:
        """Skip to the next alarm, but not beyond `until`; whether there was time to skip, and the clock is fast."""
        self._drop_cancelled()
        times = [at for at in (until, self._alarms[0][0] if self._alarms else None) if at is not None]
        left = min(*times, self.shared.fast_until_us / 1e6) - self.now() if times else 0.0
        if left <= 0:
            return False
        self.shared.skipped_us += int(left * 1e6) + 1
        return True

    def call_at(self, at: float, call: Callable[[], None]) -> Alarm:
        """Make a call when the clock reaches `at`."""
        alarm = Alarm(at, call)
        heapq.heappush(self._alarms, (at, next(self._order), alarm))
        return alarm

    def call_in(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Make a call in `seconds`."""
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
        """Make `run` return after its current turn."""
        self._running = False
        os.write(self._wake, b"\0")

    def stop_on(self, *signals: int) -> None:
        """Stop at these signals. For the main thread of a process.

        A signal just before a wait does not end the wait, and Python calls the handler only afterwards. The byte that
        the interpreter writes when the signal arrives ends the wait.
        """
        for number in signals:
            signal.signal(number, lambda *_: self.stop())
        signal.set_wakeup_fd(self._wake)

    def run(self) -> None:
        """Serve until stopped."""
        while self._running:
            if self.sleeps():
                self.skip(None)
            self.turn(self._until_alarm())

    def turn(self, wait_s: float | None = 0.0) -> None:
        """One round: wait up to `wait_s` (None: no limit) for a descriptor, then serve what is ready or due."""
        self._drop_cancelled()
        self.shared.free_until_us = int(self._alarms[0][0] * 1e6) if self._alarms else NEVER
        happened = self._epoll.poll(wait_s)
        self.shared.free_until_us = 0
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
