"""Watches the pin of an LED and reads its blink code, as a person would read the LED."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_WINDOW_S = 60.0
_CHANGES = 4096  # more than an eye can follow in a minute
_FLASH_S = 0.16  # shorter is a flash of the fast train, longer a counted blink
_TRAIN = 8  # flashes that make a train; a program sends ten
_PAUSE_S = 0.75  # darkness that ends a train or a count
_STEADY_S = 2.0  # light or darkness longer than any within a fault's pattern
_BLIP_S = 0.35  # longest darkness in which an LED still counts as lit


class Led:
    """An LED that is lit while its pin is low. Keeps the last minute."""

    def __init__(self, now: Callable[[], float], level: int) -> None:
        """now: seconds. level: of the pin."""
        self._now = now
        self._changes: deque[tuple[float, bool]] = deque([(now(), not level)], _CHANGES)

    def change(self, level: int) -> None:
        """The pin has changed to this level."""
        self._changes.append((self._now(), not level))
        while len(self._changes) > 1 and self._changes[1][0] < self._now() - _WINDOW_S:
            self._changes.popleft()

    def phases(self) -> list[tuple[bool, float]]:
        """The phases of the last minute, (lit, seconds); the last one still runs."""
        now = self._now()
        ends = [*(at for at, _ in self._changes), now][1:]
        start = now - _WINDOW_S
        spans = zip(self._changes, ends, strict=True)
        return [(lit, end - max(at, start)) for (at, lit), end in spans if end > start]

    def spells(self) -> str:
        """`running`, `fault N`, `off`, or `unclear` while a pattern has begun and cannot be read yet."""
        return _Reader().read(self.phases())

    def report(self) -> str:
        """The phases, one a line (`lit 0.503`), then what they spell."""
        lines = [f"{'lit' if lit else 'dark'} {seconds:.3f}" for lit, seconds in self.phases()]
        return "\n".join([*lines, self.spells()])


class _Reader:
    """Counts the blinks between two trains of flashes; any other count may be incomplete."""

    def __init__(self) -> None:
        self._fault: int | None = None  # the last complete count
        self._flashes = 0
        self._blinks: int | None = None  # since the last train; None: no train yet

    def read(self, phases: list[tuple[bool, float]]) -> str:
        for i, (lit, seconds) in enumerate(phases):
            is_last = i == len(phases) - 1
            if seconds > _STEADY_S:
                self._fault, self._flashes, self._blinks = None, 0, None
            elif lit and not is_last:
                self._take_light(seconds, phases[i - 1][1] if i else 0.0)
            elif not lit and seconds >= _PAUSE_S and self._flashes >= _TRAIN:
                self._flashes, self._blinks = 0, 0
        return self._verdict(*phases[-1], len(phases) > 1)

    def _take_light(self, seconds: float, dark_before: float) -> None:
        if seconds >= _FLASH_S:
            self._flashes = 0
            if self._blinks is not None:
                self._blinks += 1
            return
        if self._blinks and dark_before >= _PAUSE_S:
            self._fault = self._blinks
        # A flash right after a blink means that the pattern began again, so the count is incomplete.
        self._flashes += 1
        self._blinks = None

    def _verdict(self, lit: bool, seconds: float, changed: bool) -> str:
        if self._fault is not None:
            return f"fault {self._fault}"
        if self._flashes > 1 or self._blinks is not None:
            return "unclear"
        return "running" if lit or (changed and seconds < _BLIP_S) else "off"
