"""_onewire: 1-Wire on a pin. Nothing hangs on this board's: no presence, and the pull-up is all that is read."""

import time as _time

from _board import call as _call

_SLOT_US = const(70)
_RESET_US = const(960)


def _number(pin):
    from machine import Pin

    if not isinstance(pin, Pin):
        raise ValueError("expecting a pin")
    return int(str(pin)[4:-1])


def reset(pin):
    """Reset pulse; whether a device answered with its presence."""
    _call("pin_init", _number(pin), 2, 0, True)
    _time.sleep_us(_RESET_US)
    return False


def readbit(pin):
    """One bit."""
    _time.sleep_us(_SLOT_US)
    return _call("pin_read", _number(pin))


def readbyte(pin):
    """Eight bits, the lowest first."""
    _time.sleep_us(8 * _SLOT_US)
    return 0xFF if _call("pin_read", _number(pin)) else 0


def writebit(pin, value):
    """One bit."""
    _time.sleep_us(_SLOT_US)


def writebyte(pin, value):
    """Eight bits, the lowest first."""
    _time.sleep_us(8 * _SLOT_US)


def crc8(data):
    """Dallas checksum: x^8 + x^5 + x^4 + 1; 0 over data with its own."""
    crc = 0
    for byte in data:
        for _ in range(8):
            crc, byte = (crc >> 1) ^ (0x8C if (crc ^ byte) & 1 else 0), byte >> 1
    return crc
