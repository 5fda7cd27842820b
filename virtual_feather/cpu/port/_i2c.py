"""machine.SoftI2C: the port has no other I2C. The transfers are the board's, at the level of wires and chips."""

from _board import call
from _pin import Pin


class SoftI2C:
    """I2C master on any two pins. Methods raise OSError: ENODEV when no chip answers, ETIMEDOUT when SCL is held low."""

    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        if not isinstance(scl, Pin) or not isinstance(sda, Pin):
            raise ValueError("expecting a pin")
        self.pins = scl.id, sda.id
        self.freq = freq
        call("i2c_init", scl.id, sda.id)

    def init(self, scl, sda, *, freq=400000):
        """Take other pins or another speed."""
        self.__init__(scl, sda, freq=freq)

    def _transfer(self, address, output, input, stop):
        """Write `output`, or fill `input`; the number of acknowledged bytes."""
        code = call("i2c_transfer", *self.pins, self.freq, address, stop, output, input)
        if code < 0:
            raise OSError(-code)
        return code

    def writeto(self, address, data, stop=True):
        """Write bytes; the number of acknowledges."""
        return self._transfer(address, data, None, stop)

    def writevto(self, address, vector, stop=True):
        """Write several buffers as one transfer; the number of acknowledges."""
        return self._transfer(address, b"".join(vector), None, stop)

    def readfrom_into(self, address, buffer, stop=True):
        """Fill the buffer from the chip."""
        self._transfer(address, None, buffer, stop)

    def readfrom(self, address, count, stop=True):
        """Read `count` bytes from the chip."""
        buffer = bytearray(count)
        self._transfer(address, None, buffer, stop)
        return bytes(buffer)

    def _select(self, address, register, addrsize, data=b""):
        return self._transfer(address, register.to_bytes(addrsize // 8, "big") + data, None, bool(data))

    def readfrom_mem_into(self, address, register, buffer, *, addrsize=8):
        """Fill the buffer from a register."""
        self._select(address, register, addrsize)
        self._transfer(address, None, buffer, True)

    def readfrom_mem(self, address, register, count, *, addrsize=8):
        """Read `count` bytes from a register."""
        buffer = bytearray(count)
        self.readfrom_mem_into(address, register, buffer, addrsize=addrsize)
        return bytes(buffer)

    def writeto_mem(self, address, register, data, *, addrsize=8):
        """Write bytes to a register."""
        self._transfer(address, register.to_bytes(addrsize // 8, "big") + bytes(data), None, True)

    def scan(self):
        """Addresses that acknowledge, 0x08 to 0x77."""
        found = []
        for address in range(8, 0x78):
            if call("i2c_transfer", *self.pins, self.freq, address, True, b"", None) >= 0:
                found.append(address)
        return found
