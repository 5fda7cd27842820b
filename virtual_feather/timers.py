"""The SDK's software timers, its watchdog and the processor's clock."""

from __future__ import annotations

from collections.abc import Callable

from .reactor import Alarm, Reactor

# The SDK's watchdog counts at this interval; the second count since the last feed resets the chip.
_COUNT_S = 1.6
_ONE_SHOT = 0
_CPU_MHZ = 80


class Timers:
    """Timers of the running interpreter, each known by its object."""

    def __init__(self, reactor: Reactor, interrupt: Callable[[int, int], None], bite: Callable[[], None]) -> None:
        """interrupt: schedules handler(argument) on the processor. bite: the watchdog resets the chip."""
        self._reactor = reactor
        self._interrupt = interrupt
        self._bite = bite
        self._timers: dict[int, Alarm] = {}
        self._watchdog: Alarm | None = None
        self._counts_from = self._fed_at = reactor.now()
        self._cpu_mhz = _CPU_MHZ

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {
            "timer_start": self._start,
            "timer_stop": self._stop,
            "wdt_start": self._feed,
            "wdt_feed": self._feed,
            "cpu_mhz": self._clock,
        }

    def forget(self) -> None:
        """The interpreter has gone: its timers stop. The watchdog knows nothing of interpreters."""
        for alarm in self._timers.values():
            alarm.cancel()
        self._timers.clear()

    def reset(self) -> None:
        """Reset of the chip: the watchdog stops too."""
        self.forget()
        self._cpu_mhz = _CPU_MHZ
        if self._watchdog:
            self._watchdog.cancel()
            self._watchdog = None
        self._counts_from = self._reactor.now()

    def _start(self, timer: int, period_us: int, mode: int, handler: int) -> None:
        period = max(period_us, 1000) / 1e6
        due = self._reactor.now() + period

        def ring() -> None:
            nonlocal due
            self._interrupt(handler, timer)
            if mode == _ONE_SHOT:
                self._timers.pop(timer, None)
                return
            due += period
            self._timers[timer] = self._reactor.call_at(due, ring)

        self._timers[timer] = self._reactor.call_at(due, ring)

    def _stop(self, timer: int) -> None:
        if alarm := self._timers.pop(timer, None):
            alarm.cancel()

    def _clock(self, mhz: int | None) -> int | None:
        """The processor's clock, or change it until the next reset of the chip."""
        if mhz is None:
            return self._cpu_mhz
        self._cpu_mhz = mhz
        return None

    def _feed(self) -> None:
        self._fed_at = self._reactor.now()
        if not self._watchdog:
            self._watchdog = self._reactor.call_at(self._bites_at(), self._watch)

    def _bites_at(self) -> float:
        counts = int((self._fed_at - self._counts_from) / _COUNT_S)
        return self._counts_from + (counts + 2) * _COUNT_S

    def _watch(self) -> None:
        if (bites_at := self._bites_at()) > self._reactor.now():
            self._watchdog = self._reactor.call_at(bites_at, self._watch)  # fed meanwhile
        else:
            self._watchdog = None
            self._bite()
