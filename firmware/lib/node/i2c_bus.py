"""The I2C bus of the board, and how to free it.

A chip that was interrupted in mid-read holds SDA low: it waits for the clocks that fetch the rest of its byte. Nine of
them and a STOP get any chip out of that (I2C specification UM10204, 3.1.16); on an idle bus they do nothing.
"""

from time import sleep_us

from micropython import const

_FREQUENCY = const(100000)  # Hz; long wires in a garden do not carry more
_STRETCH_US = const(1000)  # how long a chip may hold SCL: the default of 50 ms would hold up the event loop
_HALF_PERIOD_US = const(5)


class Bus:
    """Two pins and the I2C on them. `i2c` is the machine.I2C that drivers are given; it stays the same for ever."""

    def __init__(self, scl, sda):
        """scl, sda: GPIO numbers."""
        from machine import Pin, SoftI2C

        # The pull-ups are for the day the sensor's own are unplugged: lines that float would read as an acknowledge.
        self._scl = Pin(scl, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        self._sda = Pin(sda, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        self.recover()
        self.i2c = SoftI2C(scl=self._scl, sda=self._sda, freq=_FREQUENCY, timeout=_STRETCH_US)

    def recover(self):
        """Free the bus; under 2 ms. For the start, and after every transfer or reading that failed."""
        scl, sda = self._scl, self._sda
        sda(1)
        for _ in range(9):
            scl(0)
            sleep_us(_HALF_PERIOD_US)
            scl(1)
            sleep_us(_HALF_PERIOD_US)
        scl(0)
        sda(0)
        sleep_us(_HALF_PERIOD_US)
        scl(1)
        sleep_us(_HALF_PERIOD_US)
        sda(1)
        sleep_us(_HALF_PERIOD_US)
