"""SHT30, SHT31 and SHT35: temperature and relative humidity over I2C.

Source: datasheet SHT3x-DIS (Sensirion, 2022): 4.3 "Measurement commands for single shot data acquisition mode", 4.12
"Checksum calculation", 4.13 "Conversion of signal output".
"""

import asyncio

from micropython import const

from node.sensors import Unmeasurable

OPTIONS = """\
address|one|68|68,69||I2C address: 68 (0x44) with the ADDR pin at GND, 69 (0x45) at VDD.
"""

_MEASURE = const(b"\x24\x00")  # once, high repeatability, no clock stretching: that would block the event loop
_MEASURES_MS = const(18)  # at most 15.5 (table 4)
_EIO = const(5)


def crc8(data):
    """Return the checksum of a word: polynomial 0x31, from 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


class Sensor:
    """One SHT3x. `bus` is a machine.I2C; option: address (0x44).

    The chip sleeps between readings and has no settings: a chip that lost power or was exchanged needs no special care.
    """

    quantities = (("temperature", 2), ("humidity", 1))

    def __init__(self, bus, options):
        self._bus = bus
        self.address = options.get("address") or 0x44
        self._in = bytearray(6)

    async def read(self):
        """Return (degrees Celsius, %), measured now; takes 20 ms.

        Raises Unmeasurable for a wrong checksum, OSError when the bus fails.
        """
        buffer = self._in
        await asyncio.sleep_ms(0)
        if self._bus.writeto(self.address, _MEASURE) != len(_MEASURE):
            raise OSError(_EIO)
        await asyncio.sleep_ms(_MEASURES_MS)
        # A chip that has lost power meanwhile has nothing to read, and does not acknowledge.
        self._bus.readfrom_into(self.address, buffer)
        if not any(buffer):
            raise OSError(_EIO)  # an SDA held low acknowledges everything and reads as zeros
        if crc8(buffer[:2]) != buffer[2] or crc8(buffer[3:5]) != buffer[5]:
            raise Unmeasurable("checksum is wrong")
        t = buffer[0] << 8 | buffer[1]
        h = buffer[3] << 8 | buffer[4]
        return t * 175 / 65535 - 45, h * 100 / 65535
