"""machine.Pin of the ESP8266: one object a pad."""

import machine as _native
import micropython

from _board import call
from _os import release

_pins = [None] * 17
_irqs = [None] * 16
_handlers = [None] * 16  # the board knows them by their addresses only: they must not be collected
_READ = object()
_NUMBERS = release >= (1, 22)  # a pad may be given by its number everywhere


class Pin(_native.PinBase):
    """A pad. Raises ValueError for a number that has none or that the flash uses."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __new__(cls, _id, *args, **kwargs):
        if isinstance(_id, Pin) and _NUMBERS:
            return _id
        if type(_id) is not int:
            if _NUMBERS:
                raise ValueError("invalid pin")
            raise TypeError("can't convert %s to int" % type(_id).__name__)
        if not (0 <= _id <= 16) or _id in (6, 7, 8, 11):
            raise ValueError("invalid pin")
        if _pins[_id] is None:
            _pins[_id] = object.__new__(cls)
            _pins[_id]._id = _id
        return _pins[_id]

    def __init__(self, _id, *args, **kwargs):
        if args or kwargs:
            self.init(*args, **kwargs)

    def init(self, mode, pull=None, *, value=None):
        """Set direction, pull-up and level."""
        if self._id == 16 and pull:
            raise ValueError("Pin(16) doesn't support pull")
        call("pin_init", self._id, mode, pull or 0, None if value is None else bool(value))

    def value(self, _value=_READ):
        """The level on the wire, or drive it."""
        if _value is _READ:
            return call("pin_read", self._id)
        call("pin_write", self._id, bool(_value))

    __call__ = value

    def on(self):
        """Drive high."""
        call("pin_write", self._id, True)

    def off(self):
        """Drive low."""
        call("pin_write", self._id, False)

    def toggle(self):
        """Drive the other level than the output latch has."""
        call("pin_toggle", self._id)

    def irq(self, *args, **kwargs):
        """irq(handler=None, trigger=IRQ_FALLING | IRQ_RISING, hard=False): call handler(pin) at an edge.

        Without arguments nothing changes. Returns the interrupt. Raises OSError on GPIO16, which has none, ValueError
        for a hard one.
        """
        if self._id == 16:
            raise OSError("pin does not have IRQ capabilities")
        if args or kwargs:
            self._set_irq(*args, **kwargs)
        if _irqs[self._id] is None:
            _irqs[self._id] = IRQ(self)
        return _irqs[self._id]

    def _set_irq(self, handler=None, trigger=3, hard=False):
        if hard:
            raise ValueError("hard IRQ not supported")
        _handlers[self._id] = handler
        call("pin_irq", self._id, trigger if handler else 0, id(handler), id(self))

    def __repr__(self):
        return "Pin(%d)" % self._id


class IRQ:
    """What Pin.irq returns: call it to run the handler."""

    def __init__(self, _pin):
        self._pin = _pin

    def __call__(self):
        handler = _handlers[self._pin._id]
        if handler:
            micropython.schedule(handler, self._pin)

    def trigger(self, _trigger=None):
        """The edges that interrupt, or change them."""
        old = call("pin_trigger", self._pin._id)
        if _trigger is not None:
            call("pin_irq", self._pin._id, _trigger, id(_handlers[self._pin._id]), id(self._pin))
        return old


def number_of(pin):
    """The number of a pad. Raises ValueError for anything but a Pin, and a number from 1.22 on."""
    if isinstance(pin, Pin):
        return pin._id
    if not _NUMBERS:
        raise ValueError("expecting a pin")
    return Pin(pin)._id
