"""machine.Pin of the ESP8266: one object a pad."""

import machine as _native

from _board import call

_pins = [None] * 17
_handlers = [None] * 16  # the board knows them by their addresses only: they must not be collected


class Pin(_native.PinBase):
    """A pad. Raises ValueError for a number that has none or that the flash uses."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __new__(cls, id, *args, **kwargs):
        if not isinstance(id, int):
            raise TypeError("can't convert %s to int" % type(id).__name__)
        if not (0 <= id <= 16) or id in (6, 7, 8, 11):
            raise ValueError("invalid pin")
        if _pins[id] is None:
            _pins[id] = object.__new__(cls)
            _pins[id].id = id
        return _pins[id]

    def __init__(self, id, *args, **kwargs):
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

    def toggle(self):
        """Drive the other level."""
        call("pin_write", self.id, not call("pin_read", self.id))

    def irq(self, *args, **kwargs):
        """irq(handler=None, trigger=IRQ_FALLING | IRQ_RISING, hard=False): call handler(pin) at an edge.

        Raises OSError on GPIO16, which has no interrupt. Without arguments nothing changes. Returns the interrupt.
        """
        if self.id == 16:
            raise OSError("pin does not have IRQ capabilities")
        if args or kwargs:
            self._set_irq(*args, **kwargs)
        return Interrupt(self)

    def _set_irq(self, handler=None, trigger=3, hard=False):
        _handlers[self.id] = handler
        call("pin_irq", self.id, trigger if handler else 0, id(handler), id(self))

    def __repr__(self):
        return "Pin(%d)" % self.id


class Interrupt:
    """What Pin.irq returns: call it to run the handler."""

    def __init__(self, pin):
        self._pin = pin

    def __call__(self):
        handler = _handlers[self._pin.id]
        if handler:
            handler(self._pin)

    def trigger(self, trigger=None):
        """The edges that interrupt, or change them."""
        old = call("pin_trigger", self._pin.id)
        if trigger is not None:
            call("pin_irq", self._pin.id, trigger, id(_handlers[self._pin.id]), id(self._pin))
        return old


def number_of(pin):
    """The number of a pad. Raises ValueError for anything but a Pin."""
    if not isinstance(pin, Pin):
        raise ValueError("expecting a pin")
    return pin.id
