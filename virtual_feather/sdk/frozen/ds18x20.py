"""ds18x20: the DS18S20, DS1822 and DS18B20 thermometers on a 1-Wire bus."""

from micropython import const

_CONVERT = const(0x44)
_RD_SCRATCH = const(0xBE)
_WR_SCRATCH = const(0x4E)


class DS18X20:
    """The thermometers of a onewire.OneWire."""

    def __init__(self, onewire):
        self.ow = onewire
        self.buf = bytearray(9)

    def scan(self):
        """The eight bytes of each thermometer."""
        return [rom for rom in self.ow.scan() if rom[0] in (0x10, 0x22, 0x28)]

    def convert_temp(self):
        """Make all of them measure, which takes up to 750 ms. Raises OneWireError when there is none."""
        self.ow.reset(True)
        self.ow.writebyte(self.ow.SKIP_ROM)
        self.ow.writebyte(_CONVERT)

    def read_scratch(self, rom):
        """The nine bytes of a thermometer's memory. Raises OneWireError, Exception for a wrong checksum."""
        self.ow.reset(True)
        self.ow.select_rom(rom)
        self.ow.writebyte(_RD_SCRATCH)
        self.ow.readinto(self.buf)
        if self.ow.crc8(self.buf):
            raise Exception("CRC error")
        return self.buf

    def write_scratch(self, rom, buf):
        """Write the three bytes of its settings."""
        self.ow.reset(True)
        self.ow.select_rom(rom)
        self.ow.writebyte(_WR_SCRATCH)
        self.ow.write(buf)

    def read_temp(self, rom):
        """What it has measured (degrees Celsius)."""
        buf = self.read_scratch(rom)
        if rom[0] == 0x10:  # half degrees, and what is left of the next one
            half = buf[0] >> 1
            if buf[1]:
                half -= 0x80
            return half - 0.25 + (buf[7] - buf[6]) / buf[7]
        raw = buf[1] << 8 | buf[0]
        return (raw - 0x10000 if raw & 0x8000 else raw) / 16
