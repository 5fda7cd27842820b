"""The I2C bus of the board, and how to free it."""

from time import sleep_us

from machine import Pin, SoftI2C
from micropython import const

_FREQUENCY = const(100000)  # Hz; long wires in a garden do not carry more
_STRETCH_US = const(1000)  # how long a chip may hold SCL: the default of 50 ms would block the event loop
_HALF_PERIOD_US = const(5)


def make(scl, sda):
    """Return (the machine.I2C that drivers are given, Pin SCL, Pin SDA) for these GPIO numbers, the bus free."""
    # These pull-ups serve when the sensor, with its own, is unplugged: floating lines would read as an acknowledge.
    scl = Pin(scl, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
    sda = Pin(sda, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
    recover(scl, sda)
    return SoftI2C(scl=scl, sda=sda, freq=_FREQUENCY, timeout=_STRETCH_US), scl, sda


def recover(scl, sda):
    """Free the bus; under 2 ms. For the start, and after every reading that failed.

    A chip that was interrupted in mid-read holds SDA low: it waits for the clocks that fetch the rest of its byte. Nine
    clocks and a STOP free any chip (I2C specification UM10204, 3.1.16); on an idle bus they do nothing.
    """
    sda(1)
    for _ in range(9):
        scl(0)
        sleep_us(_HALF_PERIOD_US)
        scl(1)
        sleep_us(_HALF_PERIOD_US)
    for line, level in (scl, 0), (sda, 0), (scl, 1), (sda, 1):
        line(level)
        sleep_us(_HALF_PERIOD_US)
