"""BME280 environmental sensor: temperature, air pressure and relative humidity over I2C.

Source: datasheet BST-BME280-DS002 (2018): 5.3 "Memory map", 8.1 "Compensation formulas in double precision floating
point", 9.1 "Measurement time". The BMP280 is the same chip without humidity: see bmp280.py.
"""

import asyncio
import struct

from micropython import const

from node.sensors import Unmeasurable

OPTIONS = """\
address|one|118|118,119||I2C address: 118 (0x76) with the SDO pin at GND, 119 (0x77) at VDDIO (Adafruit's boards).
"""

_CALIBRATION = const(0x88)
_ID = const(0xD0)
_CALIBRATION_H = const(0xE1)
_CTRL_HUM = const(0xF2)
_CTRL_MEAS = const(0xF4)
_CONFIG = const(0xF5)
_USED = const(0x1D)  # bits of CONFIG, filter and bus: the others are reserved, or for a mode that is not used
_DATA = const(0xF7)

_HUM_X1 = const(1)
_ASLEEP = const(0x54)  # temperature x2, pressure x16 (0.2 Pa of noise instead of 3.3), no measurement under way
_FORCED = const(1)  # one measurement, then asleep again
_MEASURES_MS = const(50)  # at most 46.1 (9.1)
_EIO = const(5)

# Places in the buffer.
_CAL_H = const(26)
_RAW = const(33)
_SIZE = const(41)
# T1-T3, P1-P9, a reserved byte and H1; H2, H3, and H4-H5, twelve bits each, in three bytes; H6.
_LAYOUT = const("<HhhH8hBBhBbBbb")


def compensate(calibration, data):
    """Return (degrees Celsius, hPa, %) of the raw values in `data`, in this order (20, 20, 16 bits).

    calibration: that in the chip's registers, unpacked by _LAYOUT. Raises ZeroDivisionError when it is impossible.
    """
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9, _, h1, h2, h3, h4, h45, h5, h6 = calibration
    raw_t, raw_p, raw_h = data
    # Integers where they are exact: floats have 22 bits on the ESP8266.
    t = raw_t - 16 * t1
    fine = t / 16384 * t2 + t / 131072 * (t / 131072) * t3
    a = fine / 2 - 64000
    b = (a * a * p6 / 32768 + a * p5 * 2) / 4 + p4 * 65536.0
    a = (1 + (p3 * a * a / 524288 + p2 * a) / 17179869184.0) * p1
    p = (1048576 - raw_p - b / 4096) * 6250 / a
    p += (p9 * p * p / 2147483648.0 + p * p8 / 32768 + p7) / 16
    h = fine - 76800
    h4, h5 = h4 << 4 | h45 & 15, h5 << 4 | h45 >> 4
    h = (raw_h - (h4 * 64 + h5 / 16384 * h)) * (h2 / 65536 * (1 + h6 / 67108864 * h * (1 + h3 / 67108864 * h)))
    h *= 1 - h1 * h / 524288
    return fine / 5120, p / 100, 0.0 if h < 0 else 100.0 if h > 100 else h


class Sensor:
    """One BME280. `bus` is a machine.I2C; option: address (0x76).

    The chip sleeps between readings. Every reading sets it up from nothing and reads its calibration again: a chip that
    lost power or was exchanged needs no special care.
    """

    quantities = (("temperature", 2), ("pressure", 2), ("humidity", 1))
    _name, kind, _size = "BME280", 0x60, 8

    def __init__(self, bus, options):
        self._bus = bus
        self.address = options.get("address") or 0x76
        self._in = bytearray(_SIZE)

    async def read(self):
        """Return (degrees Celsius, hPa, %), measured now; takes 60 ms.

        Raises Unmeasurable when the chip's data are impossible, OSError when the bus fails.
        """
        buffer = self._in
        await self._query()
        await self.put(_CTRL_HUM, _HUM_X1)  # takes effect with the next write of CTRL_MEAS
        await self.put(_CONFIG, 0)  # no filter
        await self.put(_CTRL_MEAS, _ASLEEP | _FORCED)
        await asyncio.sleep_ms(_MEASURES_MS)
        await self.get(_DATA, _RAW, self._size)
        await self.get(_CALIBRATION, 0, _CAL_H)
        if self._size == 8:
            await self.get(_CALIBRATION_H, _CAL_H, _RAW - _CAL_H)
        raw_p = buffer[33] << 12 | buffer[34] << 4 | buffer[35] >> 4
        raw_t = buffer[36] << 12 | buffer[37] << 4 | buffer[38] >> 4
        raw_h = buffer[39] << 8 | buffer[40]
        calibration = struct.unpack_from(_LAYOUT, buffer)
        # I2C has no checksum: values count only if the chip is still set up as before, and asleep, after them.
        await self.get(_CTRL_MEAS, 0, 2)
        if buffer[0] != _ASLEEP or buffer[1] & _USED:
            raise Unmeasurable("registers read back wrong")
        await self._query()
        try:
            t, p, h = compensate(calibration, (raw_t, raw_p, raw_h))
        except ZeroDivisionError:
            t = 1000
        if not (-40 <= t <= 85 and 300 <= p <= 1100):  # its operating range (table 1)
            raise Unmeasurable("impossible values")
        return t, p, h

    async def _query(self):
        """Ask the chip for its identity. Raises Unmeasurable for another chip, OSError when there is none."""
        await self.get(_ID, 0, 1)
        kind = self._in[0]
        if not kind:
            raise OSError(_EIO)  # an SDA held low acknowledges everything and reads as zeros
        kind = 0x58 if kind in b"\x56\x57" else kind  # early BMP280
        if kind != self.kind:
            why = "not a %s: ID 0x%02x" % (self._name, kind)
            if kind == 0x58 or kind == 0x60:  # sold under the other's name
                name = "BMP280" if kind == 0x58 else "BME280"
                why = "%s is a %s: set driver to %s" % (why, name, name.lower())
            raise Unmeasurable(why)

    # One transfer (at most 2.7 ms at 100 kHz) at a time: the other coroutines run in between.

    async def get(self, register, at, count):
        await asyncio.sleep_ms(0)
        self._bus.readfrom_mem_into(self.address, register, memoryview(self._in)[at : at + count])

    async def put(self, register, value):
        await asyncio.sleep_ms(0)
        self._in[0] = value
        self._bus.writeto_mem(self.address, register, memoryview(self._in)[:1])
