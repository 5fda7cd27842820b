"""DS18B20 thermometer on a 1-Wire bus, with a supply wire of its own (no parasite power).

Source: datasheet DS18B20 (Maxim, 2019): "Memory", "DS18B20 Function Commands", tables 1 and 2.
"""

import asyncio
from binascii import unhexlify

from micropython import const

from node.sensors import Unmeasurable

OPTIONS = """\
pin|one||2,4,5,12,13,14|GPIO|Its data wire, which needs a resistor of 4.7 kOhm to 3.3 V.
rom|hex?|null|16..16|hex digits|ROM code of the one that is meant when several share the wire; null: it is alone there.
"""

_SKIP_ROM = const(0xCC)
_READ_ROM = const(0x33)
_MATCH_ROM = const(0x55)
_CONVERT = const(0x44)
_WRITE = const(0x4E)
_READ = const(0xBE)
_CONVERTS_MS = const(760)  # at most 750 with 12 bits
_ENODEV = const(19)

# First byte of the ROM code: DS18B20 and DS1822. A DS18S20 (0x10) counts in half degrees, and others in other steps.
_FAMILIES = const(b"\x28\x22")
# TH and TL, the limits of an alarm that is not used (others after power-on), and the configuration: 12 bits.
_SETUP = const(b"\x55\xaa\x7f")
_BITS = const(0x60)  # of the configuration: the rest is reserved, and clones differ there
_LOWEST = const(-880)
_HIGHEST = const(2000)


class Sensor:
    """One DS18B20; options: pin, rom. It sets the wire up from nothing at every reading."""

    quantities = (("temperature", 2),)

    def __init__(self, bus, options):
        from machine import Pin
        from onewire import OneWire

        self._wire = OneWire(Pin(options["pin"]))
        self._rom = options.get("rom")
        self._scratchpad = bytearray(9)

    async def read(self):
        """Return (degrees Celsius,), measured now; takes 0.8 s. Nothing else may use the wire meanwhile.

        Raises Unmeasurable when the sensor's data are impossible, OSError when no sensor answers.
        """
        select = await self._selection()
        await self._command(select, _WRITE, _SETUP)
        await self._command(select, _CONVERT)
        await asyncio.sleep_ms(_CONVERTS_MS)
        await self._command(select, _READ)
        await self._take(9)
        return (self._celsius(),)

    async def _selection(self):
        """Return the bytes that select the chip, after a check of its family."""
        if self._rom:
            rom = unhexlify(self._rom)
            select = bytes((_MATCH_ROM,)) + rom
            why = "rom is mistyped"  # the last byte is a checksum of the others
        else:
            await self._command(b"", _READ_ROM)
            await self._take(8)
            rom = self._scratchpad[:8]
            if not any(rom) or min(rom) == 0xFF:
                raise OSError(_ENODEV)
            select = bytes((_SKIP_ROM,))
            why = "checksum is wrong: if several share the wire, give each its rom"
        if self._wire.crc8(rom):
            raise Unmeasurable(why)
        if rom[0] not in _FAMILIES:
            raise Unmeasurable("not a DS18B20: family 0x%02x" % rom[0])
        return select

    def _celsius(self):
        """Return the temperature in the scratchpad. Raises Unmeasurable or OSError when it is not credible."""
        data = self._scratchpad
        if not any(data) or min(data) == 0xFF:
            raise OSError(_ENODEV)  # the wire is shorted to GND, or only others answered the reset
        if self._wire.crc8(data):
            raise Unmeasurable("checksum is wrong")
        if data[2:4] != _SETUP[:2] or data[4] & _BITS != _BITS:
            raise Unmeasurable("it lost power while measuring")  # the temperature is then that of power-on, 85
        raw = data[0] | data[1] << 8
        if raw & 0x8000:
            raw -= 0x10000
        if not _LOWEST <= raw <= _HIGHEST:
            raise Unmeasurable("impossible values")
        return raw / 16

    # One reset (1 ms) or byte (0.6 ms) at a time: the other coroutines run in between, and 1-Wire allows such pauses.

    async def _take(self, count):
        for i in range(count):
            await asyncio.sleep_ms(0)
            self._scratchpad[i] = self._wire.readbyte()

    async def _command(self, select, command, data=b""):
        await asyncio.sleep_ms(0)
        if not self._wire.reset():
            raise OSError(_ENODEV)
        for part in (select, bytes((command,)), data):
            for byte in part:
                await asyncio.sleep_ms(0)
                self._wire.writebyte(byte)
