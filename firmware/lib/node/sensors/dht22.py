"""DHT22 (AM2301, AM2302): temperature and relative humidity over a wire of its own.

Source: datasheet AM2302 (Aosong): 7 "Single-bus communication". The images' `dht` module cannot be used: each reading
blocks for 273 ms, 268 of them spent waiting (drivers/dht/dht.c of MicroPython). Here asyncio does the waiting.
"""

import asyncio

from micropython import const

from node.sensors import Unmeasurable

OPTIONS = """\
pin|one||2,4,5,12,13,14|GPIO|Its data wire, which needs a resistor of 4.7 to 10 kOhm to 3.3 V.
"""

_START_MS = const(2)  # 0.8 to 20
_MEASURES_MS = const(2100)
_PULSES = const(42)  # the line let go, the sensor's answer, 40 bits
_LONGEST_US = const(220)  # the sensor may wait for 200; its answer takes 80, a one 70, a zero 26
_ONE_US = const(48)
_ENODEV = const(19)


class Sensor:
    """One DHT22; option: pin."""

    quantities = (("temperature", 1), ("humidity", 1))

    def __init__(self, bus, options):
        from machine import Pin

        self._pin = Pin(options["pin"], Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        self._widths = bytearray(_PULSES)

    async def read(self):
        """Return (degrees Celsius, %), measured now; takes 2.1 s.

        Raises Unmeasurable when the sensor's data are impossible, OSError when no sensor answers.
        """
        # The sensor answers with its previous measurement, however old, and measures after that.
        await self._ask()
        await asyncio.sleep_ms(_MEASURES_MS)
        count = await self._ask()
        if count < 2:
            raise OSError(_ENODEV)
        if count < 41:
            raise Unmeasurable("%d bits of 40" % (count - 1))
        return decode(self._widths[count - 40 : count])

    async def _ask(self):
        """Send the start signal and return the number of pulses that came, their widths in self._widths."""
        from machine import disable_irq, enable_irq, time_pulse_us

        pin, widths, count = self._pin, self._widths, 0
        pin(0)
        await asyncio.sleep_ms(_START_MS)
        # Up to 5 ms with interrupts off. 50 us lie between two pulses: a round takes about 30 on the ESP8266 (80 MHz).
        state = disable_irq()
        pin(1)
        for count in range(_PULSES):
            width = time_pulse_us(pin, 1, _LONGEST_US)
            if width < 0:
                break
            widths[count] = width
        else:
            count = _PULSES
        enable_irq(state)
        return count


def decode(widths):
    """Return (degrees Celsius, %) of the lengths of 40 pulses in microseconds. Raises Unmeasurable."""
    data = bytearray(5)
    for i in range(40):
        data[i // 8] = data[i // 8] << 1 & 0xFF | (widths[i] > _ONE_US)
    if sum(data[:4]) & 0xFF != data[4]:
        raise Unmeasurable("checksum is wrong")
    humidity = data[0] << 8 | data[1]
    t = data[2] << 8 | data[3]
    if t & 0x8000:
        t = 0x8000 - t
    if not _is_possible(t) and data[2] >> 4 in (0, 8, 15):
        # Sign and magnitude in the datasheet; some newer sensors send two's complement, of 12 or of 16 bits.
        t = ((data[2] & 15) << 8 | data[3]) - 0x1000
    if humidity > 1000 or not _is_possible(t) or not any(data):
        raise Unmeasurable("impossible values")
    return t / 10, humidity / 10


def _is_possible(t):
    return -400 <= t <= 1250
