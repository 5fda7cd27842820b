"""machine as the ESP8266 port offers it; what is of the hardware is one call of the board."""

import errno
import time

from _analog import ADC, PWM  # noqa: F401
from _board import call
from _i2c import SoftI2C  # noqa: F401
from _pin import Pin, number_of  # noqa: F401
from _rtc import RTC  # noqa: F401
from _serial import SPI, UART, SoftSPI  # noqa: F401
from _timer import WDT, Timer  # noqa: F401

_FOREVER_MS = const(4294967)


def reset():
    """Restart the chip."""
    call("reset")


def reset_cause():
    """The SDK's reason for the last reset of the chip: one of the *_RESET constants, 2 for a crash, 3 for WDT()."""
    return call("reset_cause")


def unique_id():
    """Four bytes: the chip's number, the last three of its MAC and a zero."""
    buffer = bytearray(4)
    call("unique_id", buffer)
    return bytes(buffer)


def freq(_hertz=None):
    """Clock of the processor, 80 or 160 MHz."""
    if _hertz is None:
        return call("cpu_mhz", None) * 1000000
    if _hertz // 1000000 not in (80, 160):
        raise ValueError("frequency can only be either 80Mhz or 160MHz")
    call("cpu_mhz", _hertz // 1000000)


def idle():
    """Stop the processor until an interrupt; one comes at least every millisecond."""
    time.sleep_ms(1)


def lightsleep(_time_ms=_FOREVER_MS):
    """Stop for so many milliseconds; the port stays awake for its radio."""
    time.sleep_ms(max(_time_ms, 0))


def deepsleep(_time_ms=None):
    """Power down, for time_ms or until RTC().alarm() if that wakes from DEEPSLEEP. Waking is a reset. Never returns.

    With neither, only a reset from outside ends it.
    """
    alarm_us = call("rtc_wake_in")  # 0: none
    us = 0 if _time_ms is None else max(_time_ms, 1) * 1000
    call("deepsleep", min(alarm_us, us) or alarm_us or us)


def disable_irq():
    """Hold interrupts back; the state to give to enable_irq."""
    return call("irq_disable")


def enable_irq(_state):
    """Go back to a state that disable_irq returned."""
    call("irq_enable", _state)


def time_pulse_us(_pin, _pulse_level, _timeout_us=1000000):
    """Length of a pulse (us); -2 when it does not begin in time, -1 when it does not end."""
    number = number_of(_pin)
    pulse = call("pulse", number, _pulse_level)
    if pulse is not None:  # from a sensor: faster than what follows could see
        return pulse
    changes = 2
    start = time.ticks_us()
    while True:
        elapsed = time.ticks_diff(time.ticks_us(), start)
        if call("pin_read", number) == _pulse_level:
            changes -= 1
            if not changes:
                return elapsed
            _pulse_level = 1 - _pulse_level
            start = time.ticks_us()
        elif elapsed >= _timeout_us:
            return -changes


def bitstream(_pin, _encoding, _timing, _data):
    """Send bits as pulses of (high 0, low 0, high 1, low 1) nanoseconds; nothing is there to read them."""
    if _encoding:
        raise ValueError("encoding")
    high_0, low_0, high_1, low_1 = _timing
    call("pin_low", number_of(_pin))
    time.sleep_us(len(_data) * 8 * (high_0 + low_0 + high_1 + low_1) // 2000)


def dht_readinto(_pin, _buf):
    """Ask a DHT sensor for its five bytes. Raises OSError(ETIMEDOUT) when it does not answer."""
    number = number_of(_pin)
    if len(_buf) < 5:
        raise ValueError("buffer too small")
    call("pin_release", number)
    time.sleep_ms(250)
    call("pin_low", number)
    time.sleep_ms(18)
    call("pin_release", number)
    call("pulse", number, 0)
    time_pulse_us(_pin, 1, 150)
    for i in range(40):
        width = time_pulse_us(_pin, 1, 100)
        if width < 0:
            raise OSError(errno.ETIMEDOUT)
        _buf[i // 8] = _buf[i // 8] << 1 & 0xFF | (width > 48)


class Memory:
    """mem8, mem16 and mem32: the chip's address space."""

    def __init__(self, size):
        self._size = size

    def _check(self, address):
        if address % self._size:
            raise ValueError("address %08x is not aligned to %d bytes" % (address, self._size))
        return address & 0xFFFFFFFF

    def __getitem__(self, address):
        return call("memory_read", self._check(address), self._size)

    def __setitem__(self, address, value):
        call("memory_write", self._check(address), self._size, value & 0xFFFFFFFF)

    def __repr__(self):
        return "<%d-bit memory>" % (8 * self._size)


mem8, mem16, mem32 = Memory(1), Memory(2), Memory(4)
