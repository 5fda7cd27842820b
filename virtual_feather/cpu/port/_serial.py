"""machine.UART, machine.SPI and machine.SoftSPI."""

import io
import time

from _board import call
from _os import release
from _pin import number_of

_PARITY = ("None", "1", "0")
_POLL = const(3)
_READ = const(1)
_WRITE = const(4)
_MSB_ONLY = release < (1, 25)  # SoftSPI sends the lowest bit first from v1.25 on
_receive_buffer = [15]  # bytes, of the only UART that receives


class UART(io.IOBase):
    """UART 0, which the REPL has as long as it is attached (os.dupterm), or UART 1, which can only send."""

    def __init__(self, _id, *args, **kwargs):
        if _id not in (0, 1):
            raise ValueError("UART(%d) does not exist" % _id)
        self._id = _id
        self._baudrate, self._bits, self._parity, self._stop = 115200, 8, 0, 1
        self.init(*args, **kwargs)

    def init(self, baudrate=0, bits=0, parity=-1, stop=0, *, tx=None, rx=None, rxbuf=0, timeout=0, timeout_char=0):
        """Set the line up; what is left out stays as it is, but for the time-outs (ms)."""
        if bits not in (0, 5, 6, 7, 8):
            raise ValueError("invalid data bits")
        if stop not in (0, 1, 2):
            raise ValueError("invalid stop bits")
        pins = 1 if tx is None else number_of(tx), 3 if rx is None else number_of(rx)
        if pins not in ((1, 3), (15, 13)):
            raise ValueError("invalid tx/rx")
        self._baudrate = baudrate or self._baudrate
        self._bits = bits or self._bits
        if parity != -1:
            self._parity = 0 if parity is None else 1 if parity & 1 else 2
        self._stop = stop or self._stop
        if rxbuf > 0:
            _receive_buffer[0] = rxbuf
            call("uart_rxbuf", rxbuf)
        self._timeout = timeout
        self._timeout_char = max(timeout_char, 13000 // self._baudrate + 1)

    def deinit(self):
        """Nothing to switch off: the REPL needs the line."""

    def any(self):
        """Bytes waiting."""
        return 0 if self._id else call("uart_any")

    def readinto(self, _buf, _nbytes=None):
        """Fill a buffer with what comes in time; the number of bytes, None for nothing."""
        if self._id:
            raise OSError("UART(1) can't read")
        count = call("uart_read", self._timeout, self._timeout_char, memoryview(_buf)[:_nbytes])
        return count or None

    def read(self, _nbytes=-1):
        """Up to `nbytes`, or all there is; None for nothing."""
        data = b""
        while _nbytes:
            buffer = bytearray(_nbytes if _nbytes > 0 else 64)
            count = self.readinto(buffer) or 0
            data += buffer[:count]
            if _nbytes > 0 or count < 64:
                break
        return data or None

    def readline(self):
        """Up to and with a line feed; None for nothing."""
        line = b""
        while line[-1:] != b"\n":
            byte = self.read(1)
            if byte is None:
                break
            line += byte
        return line or None

    def write(self, _buf):
        """Send bytes; their number."""
        if not self._id:
            call("uart_write", memoryview(_buf))
        return len(_buf)

    def flush(self):
        """Wait until all is sent: it is."""

    def txdone(self):
        """Whether all is sent."""
        return True

    def ioctl(self, request, flags):
        """What select.poll asks."""
        if request != _POLL:
            return -1
        return flags & ((_READ if self.any() else 0) | _WRITE)

    def __repr__(self):
        return "UART(%d, baudrate=%d, bits=%d, parity=%s, stop=%d, rxbuf=%d, timeout=%d, timeout_char=%d)" % (
            self._id, self._baudrate, self._bits, _PARITY[self._parity], self._stop,
            _receive_buffer[0], self._timeout, self._timeout_char,
        )  # fmt: skip


class _Bus:
    """SPI with nothing on it: what is read is the level of MISO."""

    MSB = 0
    LSB = 1

    def deinit(self):
        """Stop."""

    def read(self, _nbytes, _write=0):
        """Read bytes while sending `write` over and over."""
        buffer = bytearray(_nbytes)
        self.readinto(buffer, _write)
        return bytes(buffer)

    def readinto(self, _buf, _write=0):
        """As read, into a buffer."""
        self.write(_buf)
        level = 0xFF if call("pin_read", self._miso) else 0
        for i in range(len(_buf)):
            _buf[i] = level

    def write(self, _buf):
        """Send bytes."""
        time.sleep_us(8000000 * len(_buf) // self._baudrate)

    def write_readinto(self, _write_buf, _read_buf):
        """Send and read at once."""
        if len(_write_buf) != len(_read_buf):
            raise ValueError("buffers must be the same length")
        self.readinto(_read_buf)


class SPI(_Bus):
    """The hardware's bus 1: SCK 14, MOSI 13, MISO 12. Raises ValueError for another, and above 40 MHz but for 80."""

    _miso = 12

    def __init__(self, _id, *args, **kwargs):
        if _id != 1:
            raise ValueError
        self._baudrate, self._polarity, self._phase = 80000000, 0, 0
        self.init(*args, **kwargs)

    def init(self, baudrate=-1, polarity=-1, phase=-1):
        """Change the settings given."""
        if baudrate == -1:
            baudrate = self._baudrate
        if baudrate != 80000000:
            if not 0 < baudrate <= 40000000:
                raise ValueError("impossible baudrate")
            divider = 40000000 // baudrate
            prescaler = min(divider, 8192)
            count = divider // prescaler * 2
            if count > 64:
                raise ValueError("impossible baudrate")
            baudrate = 80000000 // (prescaler * count)
        self._baudrate = baudrate
        self._polarity = self._polarity if polarity == -1 else polarity
        self._phase = self._phase if phase == -1 else phase

    def __repr__(self):
        return "HSPI(id=1, baudrate=%d, polarity=%d, phase=%d)" % (self._baudrate, self._polarity, self._phase)


class SoftSPI(_Bus):
    """SPI on any three pins."""

    def __init__(self, baudrate=500000, *, polarity=0, phase=0, bits=8, firstbit=0, sck=None, mosi=None, miso=None):
        if bits != 8:
            raise ValueError("bits must be 8")
        if firstbit != self.MSB and _MSB_ONLY:
            raise ValueError("firstbit must be MSB")
        if sck is None or mosi is None or miso is None:
            raise ValueError("must specify all of sck/mosi/miso")
        self.init(baudrate, polarity, phase, firstbit=firstbit, sck=sck, mosi=mosi, miso=miso)

    def init(self, baudrate=-1, polarity=-1, phase=-1, *, firstbit=-1, sck=None, mosi=None, miso=None):
        """Change the settings given."""
        if firstbit != -1:
            self._firstbit = firstbit
        if baudrate != -1:
            half_us = (500000 + baudrate - 1) // baudrate
            self._baudrate = 500000 // half_us
        if polarity != -1:
            self._polarity = polarity
        if phase != -1:
            self._phase = phase
        if sck is not None:
            self._sck = number_of(sck)
        if mosi is not None:
            self._mosi = number_of(mosi)
        if miso is not None:
            self._miso = number_of(miso)
        call("pin_init", self._sck, 1, 0, bool(self._polarity))
        call("pin_init", self._mosi, 1, 0, None)
        call("pin_init", self._miso, 0, 0, None)

    def __repr__(self):
        first = "" if _MSB_ONLY else " firstbit=%d," % self._firstbit
        return "SoftSPI(baudrate=%d, polarity=%d, phase=%d,%s sck=%d, mosi=%d, miso=%d)" % (
            self._baudrate, self._polarity, self._phase, first, self._sck, self._mosi, self._miso,
        )  # fmt: skip
