"""onewire: a 1-Wire bus on a pin (Maxim application note 187 for the search)."""

import _onewire as _wire
from machine import Pin


class OneWireError(Exception):
    """No device has answered a reset."""


class OneWire:
    """A bus."""

    SEARCH_ROM = 0xF0
    MATCH_ROM = 0x55
    SKIP_ROM = 0xCC

    def __init__(self, pin):
        self.pin = pin
        pin.init(Pin.OPEN_DRAIN, Pin.PULL_UP)

    def reset(self, required=False):
        """Reset the bus; whether a device is there. Raises OneWireError if one is required and there is none."""
        present = _wire.reset(self.pin)
        if required and not present:
            raise OneWireError
        return present

    def readbit(self):
        """One bit."""
        return _wire.readbit(self.pin)

    def readbyte(self):
        """One byte."""
        return _wire.readbyte(self.pin)

    def readinto(self, buf):
        """Fill a buffer."""
        for i in range(len(buf)):
            buf[i] = _wire.readbyte(self.pin)

    def writebit(self, value):
        """One bit."""
        return _wire.writebit(self.pin, value)

    def writebyte(self, value):
        """One byte."""
        return _wire.writebyte(self.pin, value)

    def write(self, buf):
        """Bytes."""
        for byte in buf:
            _wire.writebyte(self.pin, byte)

    def select_rom(self, rom):
        """Address one device by its eight bytes."""
        self.reset()
        self.writebyte(self.MATCH_ROM)
        self.write(rom)

    def scan(self):
        """The eight bytes of each device."""
        devices = []
        rom, branch = None, 65
        while branch:
            rom, branch = self._search_rom(rom, branch)
            if rom:
                devices.append(rom)
        return devices

    def _search_rom(self, last, branch):
        """The next device, whose bits differ from `last` where `branch` bits are left; the next `branch`, or 0.

        Where some devices have a 0 and others a 1, those with 1 come first.
        """
        if not self.reset():
            return None, 0
        self.writebyte(self.SEARCH_ROM)
        rom = bytearray(8)
        next_branch = 0
        for left in range(64, 0, -1):
            at, mask = (64 - left) >> 3, 1 << (64 - left & 7)
            bit, complement = self.readbit(), self.readbit()
            if bit and complement:
                return None, 0  # no device takes part any more
            if not bit and not complement:
                bit = left < branch or (left > branch and last[at] & mask)
                if bit:
                    next_branch = left
            self.writebit(bit)
            if bit:
                rom[at] |= mask
        return rom, next_branch

    def crc8(self, data):
        """Checksum of bytes."""
        return _wire.crc8(data)
