"""_onewire: 1-Wire on a pin. The time slots take their time; what is sent in them is the board's."""

import time as _time

from _board import call as _call

_SLOT_US = const(70)
_RESET_US = const(960)


def _number(pin):
    from machine import Pin

    if not isinstance(pin, Pin):
        raise ValueError("expecting a pin")
    return int(str(pin)[4:-1])


def reset(_pin):
    """Reset pulse; whether a device answered with its presence."""
    _time.sleep_us(_RESET_US)
    return _call("onewire_reset", _number(_pin))


def readbit(_pin):
    """One bit."""
    _time.sleep_us(_SLOT_US)
    return _call("onewire_read", _number(_pin), 1)


def readbyte(_pin):
    """Eight bits, the lowest first."""
    _time.sleep_us(8 * _SLOT_US)
    return _call("onewire_read", _number(_pin), 8)


def writebit(_pin, _value):
    """One bit."""
    _time.sleep_us(_SLOT_US)
    _call("onewire_write", _number(_pin), 1, _value)


def writebyte(_pin, _value):
    """Eight bits, the lowest first."""
    _time.sleep_us(8 * _SLOT_US)
    _call("onewire_write", _number(_pin), 8, _value)


def crc8(_data):
    """Dallas checksum: x^8 + x^5 + x^4 + 1; 0 over data with its own."""
    crc = 0
    for byte in _data:
        for _ in range(8):
            crc, byte = (crc >> 1) ^ (0x8C if (crc ^ byte) & 1 else 0), byte >> 1
    return crc
