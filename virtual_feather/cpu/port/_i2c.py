"""machine.SoftI2C: the port has no other I2C. The bus is the board's; the time that a transfer takes passes here."""

import time

from _board import call
from _pin import number_of


class SoftI2C:
    """I2C controller on any two pins. Methods raise OSError: ENODEV for no answer, ETIMEDOUT while SCL is low."""

    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        self._pins = number_of(scl), number_of(sda)
        # Half a clock is a whole number of microseconds, and the instructions around it take about another.
        self._half_us = max(500000 // freq, 1)
        call("i2c_init", *self._pins)

    def init(self, scl, sda, *, freq=400000, timeout=50000):
        """Take other pins or another speed."""
        self.__init__(scl, sda, freq=freq)

    def __repr__(self):
        return "SoftI2C(scl=%d, sda=%d, freq=%d)" % (self._pins + (500000 // self._half_us,))

    def _do(self, operation, count, *args):
        """An operation of the board, and the time that `count` bytes take on the wires."""
        code = call(operation, *self._pins, *args)
        time.sleep_us(count * 9 * (2 * self._half_us + 1))
        if code < 0:
            raise OSError(-code)
        return code

    # A transfer from START to STOP.

    def _transfer(self, address, output, input, stop):
        """Write `output`, or fill `input`; the number of acknowledged bytes."""
        size = len(output if input is None else input)
        return self._do("i2c_transfer", size + 1, address, stop, output, input)

    def writeto(self, addr, buf, stop=True):
        """Write bytes; the number of acknowledges."""
        return self._transfer(addr, memoryview(buf), None, stop)

    def writevto(self, addr, vector, stop=True):
        """Write several buffers as one transfer; the number of acknowledges."""
        return self._transfer(addr, b"".join(vector), None, stop)

    def readfrom_into(self, addr, buf, stop=True):
        """Fill the buffer from the chip."""
        self._transfer(addr, None, buf, stop)

    def readfrom(self, addr, nbytes, stop=True):
        """Read bytes from the chip."""
        buffer = bytearray(nbytes)
        self._transfer(addr, None, buffer, stop)
        return bytes(buffer)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        """Fill the buffer from a register."""
        self._transfer(addr, memaddr.to_bytes(addrsize // 8, "big"), None, False)
        self._transfer(addr, None, buf, True)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        """Read bytes from a register."""
        buffer = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buffer, addrsize=addrsize)
        return bytes(buffer)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        """Write bytes to a register."""
        self._transfer(addr, memaddr.to_bytes(addrsize // 8, "big") + bytes(buf), None, True)

    def scan(self):
        """Addresses that acknowledge, 0x08 to 0x77."""
        found = []
        for address in range(8, 0x78):
            try:
                self._transfer(address, b"", None, True)
                found.append(address)
            except OSError:
                pass
        return found

    # The pieces of one.

    def start(self):
        """START."""
        self._do("i2c_start", 0)

    def stop(self):
        """STOP."""
        self._do("i2c_stop", 0)

    def readinto(self, buf, nack=True):
        """Fill the buffer; the last byte is not acknowledged, unless `nack` is false."""
        self._do("i2c_read", len(buf), nack, buf)

    def write(self, buf):
        """Write bytes; the number of acknowledges."""
        return self._do("i2c_write", len(buf), buf)
