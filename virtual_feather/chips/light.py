"""The light on the board: a level that changes in steps, with its recent history."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator

DAYLIGHT = 0.30
"""Infrared share of daylight and of white LEDs, as the two channels of a TSL2561 see it; a light bulb has 0.7."""

MAX_RATIO = 1.29
"""From 1.30 on, the datasheet's lux equations give 0."""

_STEPS = 1024


class Light:
    """Illuminance in lux and infrared share over time.

    An integrating sensor asks for the light during a window that has just ended. The last 1024 steps are kept; before
    the oldest of them, the light is assumed to have been the same as in that step.
    """

    def __init__(self, clock: Callable[[], float], lux: float = 0.0, ratio: float = DAYLIGHT) -> None:
        """clock: seconds, never going back."""
        self._clock = clock
        self._steps: deque[tuple[float, float, float]] = deque(maxlen=_STEPS)  # since, lux, ratio
        self.set(lux, ratio)

    @property
    def level(self) -> tuple[float, float]:
        """Illuminance in lux and infrared share, now."""
        return self._steps[-1][1:]

    def set(self, lux: float, ratio: float = DAYLIGHT) -> None:
        """Change the light, now.

        lux: 0 or more. ratio: infrared channel divided by visible channel of a TSL2561, 0 to 1.29. Raises ValueError.
        """
        if not 0 <= lux < math.inf:
            raise ValueError(f"light must be 0 lux or more, not {lux}")
        if not 0 <= ratio <= MAX_RATIO:
            raise ValueError(f"the infrared ratio must be 0 to {MAX_RATIO}, not {ratio}")
        self._steps.append((self._clock(), lux, ratio))

    def spans(self, start: float, end: float) -> Iterator[tuple[float, float, float]]:
        """The parts of the window from start to end (seconds): (seconds, lux, ratio), newest first."""
        for since, lux, ratio in reversed(self._steps):
            if since <= start:
                break
            if since < end:
                yield end - since, lux, ratio
                end = since
        yield end - start, lux, ratio
