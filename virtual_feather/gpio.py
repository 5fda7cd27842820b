"""The GPIO matrix: what the processor drives, what the wires outside do, and the level that results."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable

PINS = (0, 1, 2, 3, 4, 5, 9, 10, 12, 13, 14, 15, 16)
IN, OUT, OPEN_DRAIN = 0, 1, 2
_RTC_PIN = 16  # it hangs on other registers
_RISING, _FALLING = 1, 2
# Resistors to 3.3 V: the boot straps of 0 and 2, the I2C pull-ups of the sensor's breakout on 4 and 5. That of 15 goes
# to ground; so does every other pad here, which on a chip would read anything.
_PULLED_UP = {0, 2, 4, 5}


class Pin:
    """One pad."""

    __slots__ = ("drain", "driven", "handler", "held", "latch", "level", "mode", "pull_up", "resistor", "trigger")

    def __init__(self, number: int) -> None:
        self.resistor = number in _PULLED_UP  # one outside that pulls the pad up
        self.level = int(self.resistor)
        self.held: int | None = None  # a wire outside that ties the pad to a level
        self.reset()

    def reset(self) -> None:
        """As after a reset of the chip: input, no pull-up, no interrupt."""
        self.mode = IN  # MicroPython's, which decides what a write does
        # The chip's: the output latch; whether it drives the pad; whether only when it is low.
        self.latch, self.driven, self.drain = 0, False, False
        self.pull_up = False
        self.trigger, self.handler = 0, (0, 0)


class Gpio:
    """All pads of the chip."""

    def __init__(self, interrupt: Callable[[int, int], None]) -> None:
        """interrupt: schedules a handler on the processor, called with (handler, argument)."""
        self._pins = {number: Pin(number) for number in PINS}
        self._interrupt = interrupt
        self._listeners: dict[int, list[Callable[[int], None]]] = defaultdict(list)

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {
            "pin_init": self.init,
            "pin_read": self.level,
            "pin_write": self.write,
            "pin_toggle": lambda number: self.write(number, not self._pins[number].latch),
            "pin_release": self.release,
            "pin_low": lambda number: self.drive(number, False),
            "pin_irq": self.irq,
            "pin_trigger": lambda number: self._pins[number].trigger,
        }

    def reset(self) -> None:
        """Reset of the chip: all pads float."""
        for number, pin in self._pins.items():
            pin.reset()
            self._settle(number)

    def forget_handlers(self) -> None:
        """The interpreter has gone, and its interrupt handlers with it; levels stay."""
        for pin in self._pins.values():
            pin.trigger, pin.handler = 0, (0, 0)

    def listen(self, number: int, call: Callable[[int], None]) -> None:
        """Tell `call` the new level whenever it changes."""
        self._listeners[number].append(call)

    def init(self, number: int, mode: int, pull: int, value: bool | None) -> None:
        """machine.Pin.init."""
        pin = self._pins[number]
        pin.mode, pin.pull_up, pin.drain = operator.index(mode), bool(pull), False
        self._set(number, value)

    def write(self, number: int, value: bool) -> None:
        """machine.Pin.value."""
        self._set(number, value)

    def _set(self, number: int, value: bool | None) -> None:
        """pin_set of ports/esp8266/machine_pin.c; None: the mode alone takes effect."""
        pin = self._pins[number]
        if number == _RTC_PIN:
            pin.driven, pin.latch = pin.mode == OUT, int(value is None or value)
        elif pin.mode == OPEN_DRAIN:
            if value is not None:
                pin.driven = not value
                pin.latch = pin.latch if value else 0
        elif pin.mode == IN:
            pin.driven = False
        else:
            pin.driven = True
            pin.latch = pin.latch if value is None else int(value)
        self._settle(number)

    def drive(self, number: int, level: bool) -> None:
        """Drive the pad, whatever its mode: pulses, a wire's protocol."""
        pin = self._pins[number]
        pin.driven, pin.latch = True, int(level)
        self._settle(number)

    def release(self, number: int) -> None:
        """Make it a wire that is only ever pulled low, and let go of it."""
        pin = self._pins[number]
        pin.driven, pin.drain = False, True
        self._settle(number)

    def level(self, number: int) -> int:
        """The level on the pad: 0 or 1."""
        return self._pins[number].level

    def hold(self, number: int, level: int | None) -> None:
        """Tie the pad to a level from outside, or let go (None)."""
        self._pins[number].held = level
        self._settle(number)

    def held(self, number: int) -> int | None:
        """The level that a wire outside ties the pad to."""
        return self._pins[number].held

    def pull_up(self, number: int, pulled: bool) -> None:
        """Connect a resistor from the pad to 3.3 V, or take it away."""
        self._pins[number].resistor = pulled
        self._settle(number)

    def irq(self, number: int, trigger: int, handler: int, argument: int) -> None:
        """machine.Pin.irq: call handler(argument) on the processor at the edges in `trigger`."""
        pin = self._pins[number]
        pin.trigger, pin.handler = trigger, (handler, argument)

    def _settle(self, number: int) -> None:
        pin = self._pins[number]
        level = self._resulting(pin)
        if level == pin.level:
            return
        pin.level = level
        if pin.trigger & (_RISING if level else _FALLING):
            self._interrupt(*pin.handler)
        for call in self._listeners[number]:
            call(level)

    @staticmethod
    def _resulting(pin: Pin) -> int:
        if pin.held == 0 or (pin.driven and not pin.latch):
            return 0  # a short to ground wins over a driver on either side
        if pin.held == 1 or (pin.driven and not pin.drain):
            return 1
        return int(pin.pull_up or pin.resistor)
