"""machine.SoftI2C: the port has no other I2C. The bus is the board's; the time that a transfer takes passes here."""

import errno
import time

from _board import call
from _pin import number_of

# extmod/machine_i2c.c waits twenty times in a byte with its acknowledge, three times in a START, four in a STOP.
# What it does in between takes the chip about 2.3 us a clock at 80 MHz: counted in its code, not measured.
_BYTE_WAITS = const(20)
_FRAME_WAITS = const(7)
_BYTE_US = const(21)


class SoftI2C:
    """I2C controller on any two pins. Methods raise OSError: ENODEV for no answer, ETIMEDOUT while SCL is low."""

    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        self._pins = number_of(scl), number_of(sda)
        self._delay_us = max(500000 // freq, 1)
        self._timeout_us = timeout
        self._wait(0, call("i2c_init", *self._pins))

    def init(self, scl, sda, *, freq=400000, timeout=50000):
        """Take other pins or another speed."""
        self.__init__(scl, sda, freq=freq, timeout=timeout)

    def __repr__(self):
        return "SoftI2C(scl=%d, sda=%d, freq=%d)" % (self._pins + (500000 // self._delay_us,))

    def _wait(self, count, code):
        """Let the time pass that so many bytes take on the wires, and the time-out if it came to that."""
        time.sleep_us(
            count * (_BYTE_WAITS * self._delay_us + _BYTE_US)
            + _FRAME_WAITS * self._delay_us
            + (self._timeout_us if code == -errno.ETIMEDOUT else 0)
        )

    def _done(self, count, code):
        """The result of an operation in which `count` bytes were sent or read."""
        self._wait(count, code)
        if code < 0:
            raise OSError(-code)
        return code

    # A transfer from START to STOP.

    def _transfer(self, address, output, input, stop):
        """Write `output`, or fill `input`; the number of acknowledged bytes."""
        code = call("i2c_transfer", *self._pins, address & 0x7F, bool(stop), output, input)
        if code < 0:
            count = 1 if code == -errno.ENODEV else 0
        elif output is None:
            count = 1 + len(input)
        else:
            count = 1 + min(code + 1, len(output))  # the one that was not acknowledged, if any, is the last
        return self._done(count, code)

    def writeto(self, _addr, _buf, _stop=True):
        """Write bytes; the number of acknowledges."""
        return self._transfer(_addr, memoryview(_buf), None, _stop)

    def writevto(self, _addr, _vector, _stop=True):
        """Write several buffers as one transfer; the number of acknowledges."""
        return self._transfer(_addr, b"".join(_vector), None, _stop)

    def readfrom_into(self, _addr, _buf, _stop=True):
        """Fill the buffer from the chip."""
        self._transfer(_addr, None, _buf, _stop)

    def readfrom(self, _addr, _nbytes, _stop=True):
        """Read bytes from the chip."""
        buffer = bytearray(_nbytes)
        self._transfer(_addr, None, buffer, _stop)
        return bytes(buffer)

    def readfrom_mem_into(self, addr, memaddr, arg, *, addrsize=8):
        """Fill the buffer `arg` from a register; it stays as it is when the chip refuses the register's number."""
        register = self._register(memaddr, addrsize)
        try:
            acknowledged = self._transfer(addr, register, None, False)
        except OSError as error:
            self._end(addr)
            raise error
        if acknowledged == len(register):
            self._transfer(addr, None, arg, True)
        else:
            self._end(addr)

    def _end(self, address):
        """The STOP that must follow, by way of an empty transfer."""
        try:
            self._transfer(address, b"", None, True)
        except OSError:
            pass

    def readfrom_mem(self, addr, memaddr, arg, *, addrsize=8):
        """Read `arg` bytes from a register."""
        buffer = bytearray(arg)
        self.readfrom_mem_into(addr, memaddr, buffer, addrsize=addrsize)
        return bytes(buffer)

    def writeto_mem(self, addr, memaddr, arg, *, addrsize=8):
        """Write the bytes `arg` to a register."""
        self._transfer(addr, self._register(memaddr, addrsize) + bytes(arg), None, True)

    def _register(self, number, bits):
        if bits & 7 or bits > 32:
            raise ValueError("invalid addrsize")
        return bytes([number >> shift & 0xFF for shift in range(bits - 8, -1, -8)])

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
        self._done(0, call("i2c_start", *self._pins))

    def stop(self):
        """STOP."""
        self._done(0, call("i2c_stop", *self._pins))

    def readinto(self, _buf, _nack=True):
        """Fill the buffer; the last byte is not acknowledged, unless `nack` is false."""
        self._done(len(_buf), call("i2c_read", *self._pins, bool(_nack), _buf))

    def write(self, _buf):
        """Write bytes; the number of acknowledges."""
        code = call("i2c_write", *self._pins, _buf)
        return self._done(min(code + 1, len(_buf)), code)
