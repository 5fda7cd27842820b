"""TSL2561 light-to-digital converter: illuminance over I2C.

Source: datasheet TAOS059N (2009), "Register Set" and "Calculating Lux".
"""

import asyncio

from micropython import const

from node.sensors import Saturated, Unmeasurable

OPTIONS = """\
address|one|57|41,57,73||I2C address: 57 (0x39) with the ADDR pin open, 41 (0x29) with it at GND, 73 (0x49) at VDD.
gain|one?|null|1,16||Analogue gain; null: automatic.
integration_ms|one?|null|13,101,402|ms|Integration time; null: automatic.
"""

# Command bytes (COMMAND register): CMD 0x80, WORD 0x20, register address.
_CONTROL = const(0x80)
_TIMING = const(0x81)
_ID = const(0x8A)
_DATA0 = const(0xAC)
_DATA1 = const(0xAE)
_WORD = const(0x20)

_OFF = const(0)
_ON = const(3)
_GAIN_16X = const(0x10)
_USED = const(0x1B)  # bits of TIMING
_EIO = const(5)

# Milliseconds: TIMING bits, weight (402 ms is 322), highest unclipped count, full scale, wait in ms. The waits
# cover the slowest oscillator (690 kHz for a nominal 735), a tick cut short and the start after power-on.
_INTEGRATIONS = {
    13: (0, 11, 4900, 5047, 18),
    101: (1, 81, 37000, 37177, 110),
    402: (2, 322, 65000, 65535, 432),
}

# Rows of: up to ch1 / ch0 (percent, inclusive), a, b (100,000ths). Lux = a * ch0 - b * ch1; in the first row b weighs
# ch0 * (ch1 / ch0) ** 1.4 instead. Integers, so that a boundary falls on the right side with 32-bit floats too.
_LUX = {
    b"T": (50, 3040, 6200, 61, 2240, 3100, 80, 1280, 1530, 130, 146, 112),
    b"CS": (52, 3150, 5930, 65, 2290, 2910, 80, 1570, 1800, 130, 338, 260),
}


def lux(ch0, ch1, gain, integration_ms, package):
    """Return the illuminance in lux, a float; 0.0 in the dark and when nearly all light is infrared.

    ch0 (visible and infrared) and ch1 (infrared) are counts of an integration of 13, 101 or 402 ms at gain 1 or 16;
    package is b"T" (also for FN and CL) or b"CS". Raises Saturated when a count may be clipped.
    """
    _, weight, clip, _, _ = _INTEGRATIONS[integration_ms]
    if ch0 > clip or ch1 > clip:
        raise Saturated("saturated")
    table = _LUX[package]
    row = 0
    while 100 * ch1 > table[row] * ch0:
        row += 3
        if row == len(table):
            return 0.0
    a, b = table[row + 1], table[row + 2]
    if row or not ch0:
        value = a * ch0 - b * ch1
    else:
        value = ch0 * (a - b * (ch1 / ch0) ** 1.4)
    # The equations want counts of 402 ms at 16x: 16 * 322 / 100,000 = 0.05152.
    return value * 0.05152 / (gain * weight)


class Sensor:
    """One TSL2561. `bus` is a machine.I2C; options: address (0x39), gain, integration_ms (both automatic when absent).

    The chip is off between readings, and every reading sets it up from nothing: a number always comes from an
    integration that began after it was asked for, and a chip that lost power or was exchanged needs no special care.
    """

    quantities = (("lux", 2),)

    def __init__(self, bus, options):
        self._bus = bus
        self.options = options
        self.address = options.get("address") or 0x39
        self._word = bytearray(2)
        self._byte = memoryview(self._word)[:1]
        gain, ms = options.get("gain"), options.get("integration_ms")
        gains = (gain,) if gain else (16, 1)
        times = (ms,) if ms else (402, 101, 13)
        # Most sensitive first: less gain before less time. Automatic: 402 ms 16x, 402 1x, 101 1x, 13 1x. 13 ms clips
        # where 101 ms does (5047 / 11 = 37177 / 81): it measures no more light, but sees sooner that it got darker.
        self._ranges = [(times[0], g) for g in gains] + [(t, gains[-1]) for t in times[1:]]
        self.range = options.get("range", 0)  # where the last reading ended

    async def read(self):
        """Return (lux,) of an integration that starts now; takes 20 ms to 1 s, the longest after a big change of light.

        Raises Saturated in too much light, Unmeasurable when the data are impossible, OSError when the bus fails.
        """
        kind = await self.get(_ID)
        if not kind:
            raise OSError(_EIO)  # an SDA held low acknowledges everything and reads as zeros
        package = {1: b"CS", 5: b"T"}.get(kind >> 4)  # part number in ID 7:4; FN and CL count as T
        if not package:
            raise Unmeasurable("not a TSL2561: ID 0x%02x" % kind)
        for _ in range(4):
            ms, gain = self._ranges[self.range]
            ch0, ch1 = await self._integrate(ms, gain, kind)
            step = self._next(ms, gain, max(ch0, ch1))
            if not step:
                break
            self.range += step
        self.options["range"] = self.range
        return (lux(ch0, ch1, gain, ms, package),)

    def _next(self, integration_ms, gain, count):
        """Return the step to the next range: 1 less sensitive, -1 more sensitive, 0 to stay, or when there is none."""
        _, weight, clip, _, _ = _INTEGRATIONS[integration_ms]
        if count > clip:
            return 1 if self.range + 1 < len(self._ranges) else 0
        if not self.range:
            return 0
        ms, finer_gain = self._ranges[self.range - 1]
        _, finer_weight, clip, _, _ = _INTEGRATIONS[ms]
        # Back only with a quarter to spare, so that a level near the boundary does not change the range each time.
        expected = count * (finer_gain * finer_weight) // (gain * weight)
        return -1 if expected < clip - clip // 4 else 0

    async def _integrate(self, integration_ms, gain, kind):
        """Run one integration and return its counts (ch0, ch1)."""
        timing, _, clip, full, wait = _INTEGRATIONS[integration_ms]
        if gain == 16:
            timing |= _GAIN_16X
        await self.put(_CONTROL, _OFF)  # a change of TIMING takes effect at the next power-on
        await self.put(_TIMING, timing)
        await self.put(_CONTROL, _ON)
        await asyncio.sleep_ms(wait)
        ch0 = await self.get(_DATA0)
        ch1 = await self.get(_DATA1)
        # I2C has no checksum, and SoftI2C does not report data that was not acknowledged: counts are used only if the
        # chip is still set up as before after them.
        control, told = await self.get(_CONTROL), await self.get(_TIMING)
        # The other bits are reserved, and may have any value.
        if control & _ON != _ON or told & _USED != timing or await self.get(_ID) != kind:
            raise Unmeasurable("registers read back wrong")
        await self.put(_CONTROL, _OFF)
        # ch0 sees all that ch1 sees. Each may be off by 4 counts in the dark.
        if max(ch0, ch1) > full or (ch0 <= clip and ch1 > 2 * ch0 + 16):
            raise Unmeasurable("impossible counts: %d, %d" % (ch0, ch1))
        return ch0, ch1

    # One transfer (0.5 ms at 100 kHz) at a time: the other coroutines run in between.

    async def get(self, register):
        await asyncio.sleep_ms(0)
        buffer = self._word if register & _WORD else self._byte
        self._bus.readfrom_mem_into(self.address, register, buffer)
        return int.from_bytes(buffer, "little")

    async def put(self, register, value):
        await asyncio.sleep_ms(0)
        self._byte[0] = value
        self._bus.writeto_mem(self.address, register, self._byte)
