"""machine.Pin of the ESP8266."""

import machine as _native

from _board import call

_handlers = [None] * 16


class Pin(_native.PinBase):
    """One GPIO. Raises ValueError for a number that the chip does not have or that the flash uses."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __new__(cls, id, *args, **kwargs):
        self = object.__new__(cls)
        return self

    def __init__(self, id, *args, **kwargs):
        if not (0 <= id <= 5 or id in (9, 10) or 12 <= id <= 16):
            raise ValueError("invalid pin")
        self.id = id
        if args or kwargs:
            self.init(*args, **kwargs)

    def init(self, mode, pull=None, *, value=None):
        """Set direction, pull-up and level."""
        if self.id == 16 and pull:
            raise ValueError("Pin(16) doesn't support pull")
        call("pin_init", self.id, mode, pull or 0, None if value is None else bool(value))

    def value(self, value=None):
        """The level on the wire, or drive it."""
        if value is None:
            return call("pin_read", self.id)
        call("pin_write", self.id, bool(value))

    __call__ = value

    def on(self):
        """Drive high."""
        call("pin_write", self.id, True)

    def off(self):
        """Drive low."""
        call("pin_write", self.id, False)

    def irq(self, handler=None, trigger=3, hard=False):
        """Call handler(pin) at an edge. Raises OSError on GPIO16, which has no interrupt."""
        if self.id == 16:
            raise OSError("pin does not have IRQ capabilities")
        _handlers[self.id] = handler
        call("pin_irq", self.id, trigger if handler else 0, id(handler), id(self))
        return self

    def __repr__(self):
        return "Pin(%d)" % self.id
