"""Watches a LED as a person would, and spells what it says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_WINDOW_S = 60.0
_FLASH_S = 0.16  # shorter is a flash of the fast train, longer a counted blink
_TRAIN = 8  # flashes that make a train, of ten sent
_PAUSE_S = 0.75  # a dark time that ends a count
_BLIP_S = 0.35  # a lit LED may go dark for so long and still be lit


class Led:
    """A LED that is lit while its pin is low. Remembers a minute."""

    def __init__(self, now: Callable[[], float], level: int) -> None:
        self._now = now
        self._changes: deque[tuple[float, bool]] = deque([(now(), not level)])

    def change(self, level: int) -> None:
        """The pin has taken this level."""
        self._changes.append((self._now(), not level))
        while len(self._changes) > 1 and self._changes[1][0] < self._now() - _WINDOW_S:
            self._changes.popleft()

    def phases(self) -> list[tuple[bool, float]]:
        """(lit, seconds) of the last minute, the running one last."""
        now = self._now()
        times = [at for at, _ in self._changes] + [now]
        start = now - _WINDOW_S
        spans = zip(self._changes, times[1:], strict=True)
        return [(lit, end - max(at, start)) for (at, lit), end in spans if end > start]

    def spells(self) -> str:
        """`running`, `fault N` or `off`: what a person would read from the last minute."""
        phases = self.phases()
        if (count := _last_count(phases)) is not None:
            return f"fault {count}"
        lit, seconds = phases[-1]
        if lit or (seconds < _BLIP_S and len(phases) > 1):
            return "running"
        return "off"

    def report(self) -> str:
        """The transitions, one a line (`lit 0.503`), then what they spell."""
        lines = [f"{'lit' if lit else 'dark'} {seconds:.3f}" for lit, seconds in self.phases()]
        return "\n".join([*lines, self.spells()])


def _last_count(phases: list[tuple[bool, float]]) -> int | None:
    """Blinks after the last train that was counted to its end; None where no train is near the end of the phases."""
    count: int | None = None
    blinks = flashes = 0
    counting = False
    for lit, seconds in phases:
        if lit and seconds < _FLASH_S:
            flashes += 1
            continue
        if lit and seconds > 2 * _PAUSE_S:
            count, counting, flashes = None, False, 0  # lit for long: the fault is over
        elif lit and counting:
            blinks += 1
        elif not lit and seconds >= _PAUSE_S:
            if counting and blinks:
                count, counting = blinks, False
            if flashes >= _TRAIN:
                counting, blinks = True, 0
            flashes = 0
    return count
