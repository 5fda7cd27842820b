"""BH1750FVI ambient light sensor: illuminance over I2C.

Source: datasheet BH1750FVI (ROHM, 2011): "Instruction Set Architecture", "Measurement sequence example", "Adjust
measurement result for influence of optical window".
"""

import asyncio

from micropython import const

from node.sensors import Saturated, Unmeasurable

OPTIONS = """\
address|one|35|35,92||I2C address: 35 (0x23) with the ADDR pin at GND or open, 92 (0x5C) at VCC.
"""

_ONCE = const(0x20)  # H-resolution mode, then power down
_NOBODY = const(0x7F)  # reserved by the I2C specification
_FULL = const(65535)
_EIO = const(5)

# MTreg, the integration time in 69ths, and ms at most (180 at 69). The second is for the sun: 121,556 lx.
_RANGES = const(((69, 180), (31, 81)))


def lux(count, mtreg):
    """Return the illuminance in lux. mtreg: the chip's integration time, 69 as it powers up."""
    return count * 69 / (1.2 * mtreg)


class Sensor:
    """One BH1750. `bus` is a machine.I2C; option: address (0x23).

    The chip is off between readings, and every reading sets it up from nothing.
    """

    quantities = (("lux", 1),)

    def __init__(self, bus, options):
        self._bus = bus
        self.address = options.get("address") or 0x23
        self._in = bytearray(2)

    async def read(self):
        """Return (lux,) of an integration that starts now; takes 0.2 to 0.4 s.

        Raises Saturated in too much light, Unmeasurable when two reads of the count differ, OSError when the bus fails.
        """
        for mtreg, ms in _RANGES:
            counts = await self._integrate(mtreg, ms)
            if counts == 0:
                # A chip that lost power meanwhile reads zero, too, but only once: darkness lasts.
                counts = await self._integrate(mtreg, ms)
            if counts < _FULL:
                break
        else:
            raise Saturated("saturated")
        if counts == 0 and await self._is_held_low():
            raise OSError(_EIO)
        return (lux(counts, mtreg),)

    async def _integrate(self, mtreg, period):
        """Run one integration, of `period` ms at most, and return its counts."""
        await self.put(0x40 | mtreg >> 5)
        await self.put(0x60 | mtreg & 31)
        await self.put(_ONCE)
        await asyncio.sleep_ms(period)
        counts = await self.get()
        if await self.get() != counts:  # neither I2C nor the chip has a checksum
            raise Unmeasurable("reads differently twice")
        return counts

    # One transfer (0.3 ms at 100 kHz) at a time: the other coroutines run in between.

    async def get(self):
        await asyncio.sleep_ms(0)
        self._bus.readfrom_into(self.address, self._in)
        return self._in[0] << 8 | self._in[1]

    async def put(self, value):
        await asyncio.sleep_ms(0)
        self._in[0] = value
        if self._bus.writeto(self.address, memoryview(self._in)[:1]) != 1:
            raise OSError(_EIO)

    async def _is_held_low(self):
        """Say whether SDA is held low, which reads as darkness: it acknowledges any address. The chip has no ID."""
        await asyncio.sleep_ms(0)
        try:
            self._bus.writeto(_NOBODY, b"")
        except OSError:
            return False
        return True
