"""machine as the ESP8266 port offers it; every method is one call of the board."""

import machine as _native

from _board import call
from _i2c import SoftI2C  # noqa: F401
from _pin import Pin  # noqa: F401
from _rtc import RTC  # noqa: F401
from _timer import WDT, Timer  # noqa: F401


def reset():
    """Reset the chip, as a short low pulse on RST does."""
    call("reset")


def soft_reset():
    """Restart the interpreter."""
    call("soft_reset", False)


def reset_cause():
    """One of the *_RESET constants."""
    return call("reset_cause")


def unique_id():
    """Four bytes: the chip's number, the last three of its MAC and a zero."""
    buffer = bytearray(4)
    call("unique_id", buffer)
    return bytes(buffer)


_hertz = [80000000]


def freq(hertz=None):
    """Clock of the processor, 80 or 160 MHz."""
    if hertz is None:
        return _hertz[0]
    if hertz not in (80000000, 160000000):
        raise ValueError("frequency can only be either 80Mhz or 160MHz")
    _hertz[0] = hertz


def deepsleep(time_ms=0):
    """Power down for time_ms; the wake-up is a reset, if GPIO16 is wired to RST. Never returns."""
    call("deepsleep", time_ms * 1000)
