"""The chip's GPIO pads: what the processor drives, what the wires outside do, and the resulting level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from .processor.page import Page

PINS = (0, 1, 2, 3, 4, 5, 9, 10, 12, 13, 14, 15, 16)
# Pads with a resistor to 3.3 V: the boot straps 0 and 2, and the I2C pull-ups of the sensor's breakout on 4 and 5. The
# strap on 15 goes to ground. All other pads read low here; on a real chip they float.
_PULLED_UP = (0, 2, 4, 5)


class Gpio:
    """All pads, as bits in the shared page; the processor computes the same levels from it (sdk/gpio.c)."""

    def __init__(self, page: Page, changed: Callable[[], None]) -> None:
        """changed: tells the processor that the wires outside have changed."""
        self._page = page
        self._changed = changed
        self._listeners: dict[int, list[Callable[[int], None]]] = defaultdict(list)
        page.resistors = sum(1 << number for number in _PULLED_UP)
        self._levels = self._resulting()

    def reset(self) -> None:
        """Reset of the chip: all pads float."""
        self._page.pads_low = self._page.pads_high = self._page.pulled_up = 0
        self.settle()

    def listen(self, number: int, call: Callable[[int], None]) -> None:
        """Call `call` with the pad's new level at each change."""
        self._listeners[number].append(call)
        self._page.heard = _with(self._page.heard, number, True)

    def forget(self, number: int, call: Callable[[int], None]) -> None:
        """Stop calling `call`. The processor reports only the changes of pads with a listener."""
        self._listeners[number] = [one for one in self._listeners[number] if one != call]
        self._page.heard = _with(self._page.heard, number, bool(self._listeners[number]))

    def level(self, number: int) -> int:
        """The level on the pad: 0 or 1."""
        return self._resulting() >> number & 1

    def hold(self, number: int, level: int | None) -> None:
        """Tie the pad to a level from outside, or release it (None)."""
        self._page.held_low = _with(self._page.held_low, number, level == 0)
        self._page.held_high = _with(self._page.held_high, number, level == 1)
        self._outside()

    def held(self, number: int) -> int | None:
        """The level that a wire outside ties the pad to; None: no wire does."""
        if self._page.held_low >> number & 1:
            return 0
        return 1 if self._page.held_high >> number & 1 else None

    def pull_up(self, number: int, pulled: bool) -> None:
        """Connect a resistor from the pad to 3.3 V, or remove it."""
        self._page.resistors = _with(self._page.resistors, number, pulled)
        self._outside()

    def _outside(self) -> None:
        self._changed()
        self.settle()

    def settle(self) -> None:
        """Call the listeners of the pads whose levels have changed."""
        levels = self._resulting()
        changed, self._levels = levels ^ self._levels, levels
        for number in PINS:
            if changed >> number & 1:
                for call in self._listeners[number]:
                    call(levels >> number & 1)

    def _resulting(self) -> int:
        page = self._page
        low = page.held_low | page.pads_low  # a short to ground wins over a driver on either side
        return ~low & (page.held_high | page.pads_high | page.pulled_up | page.resistors)


def _with(mask: int, number: int, present: bool) -> int:
    return mask | 1 << number if present else mask & ~(1 << number)
