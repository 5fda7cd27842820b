"""The I2C bus: two wires, the chips on them, and the ways in which wires fail."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable

from .chips import Chip
from .gpio import Gpio

SCL, SDA = 5, 4  # as wired on the Feather
FAULTS = ("ok", "nack", "stuck", "hang", "garbage")
_CLOCKS_TO_FREE = 9


class I2cBus:
    """Chips behind GPIO5 and GPIO4.

    Faults: `nack` nobody answers (the sensor is unplugged), `stuck` SDA is shorted to ground, `hang` a chip interrupted
    in mid-read holds SDA low until it has had its clocks, `garbage` what is read is noise.
    """

    def __init__(self, gpio: Gpio) -> None:
        self._gpio = gpio
        self._chips: tuple[Chip, ...] = ()
        self.fault = "ok"
        self._clocks = 0
        self._addressed: Chip | None = None  # the chip that has acknowledged its address
        self._addressing = False  # after START: the next byte is an address
        gpio.listen(SCL, self._clocked)

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for. Negative results are error numbers."""
        return {
            "i2c_init": self._init,
            "i2c_transfer": self.transfer,
            "i2c_start": self._start,
            "i2c_stop": self._stop,
            "i2c_write": self._write,
            "i2c_read": self._read,
        }

    def plug(self, *chips: Chip) -> None:
        """Put these chips on the bus, in the place of all that were on it."""
        self._chips = chips
        self._addressed = None

    def set_fault(self, fault: str) -> None:
        """Break the wires in one of the ways of FAULTS, or mend them."""
        self.fault = fault
        self._clocks = 0
        self._gpio.hold(SDA, 0 if fault in ("stuck", "hang") else None)

    def _clocked(self, level: int) -> None:
        if self.fault == "hang" and level:
            self._clocks += 1
            if self._clocks >= _CLOCKS_TO_FREE:
                self.set_fault("ok")

    def _init(self, scl: int, sda: int) -> int:
        """Open drain, whatever the pins were; pull-ups stay. It ends with a STOP."""
        for number in (scl, sda):
            self._gpio.release(number)
        return self._stop(scl, sda)

    def transfer(  # noqa: PLR0917 - as the processor sends it
        self, scl: int, sda: int, address: int, stop: bool, output: bytes | None, into: bytes | None
    ) -> int | tuple[int, bytes]:
        """One transfer from START to STOP or to the next START: acknowledged bytes (written) or the bytes read."""
        if error := self._start(scl, sda):
            return error
        if not self._put(scl, sda, address << 1 | (output is None)):
            self._stop(scl, sda)
            return -errno.ENODEV
        result = self._write(scl, sda, output) if output is not None else self._read(scl, sda, True, into)
        if stop:
            return self._stop(scl, sda) or result
        return result

    def _start(self, scl: int, _sda: int) -> int:
        if not self._gpio.level(scl):
            return -errno.ETIMEDOUT  # a clock line that nothing pulls up looks like a chip that stretches for ever
        self._addressing = True
        return 0

    def _stop(self, scl: int, _sda: int) -> int:
        if not self._gpio.level(scl):
            return -errno.ETIMEDOUT
        if self._addressed:
            self._addressed.stop()
        self._addressed = None
        return 0

    def _write(self, scl: int, sda: int, output: bytes) -> int:
        """Bytes that were acknowledged; the first that is not ends it."""
        for count, byte in enumerate(output):
            if not self._put(scl, sda, byte):
                return count
        return len(output)

    def _put(self, scl: int, sda: int, byte: int) -> bool:
        """Send a byte; whether it was acknowledged. SDA held low reads as an acknowledge: so it does on a real wire."""
        addressing, self._addressing = self._addressing, False
        if not self._gpio.level(sda):
            return True
        if addressing:
            present = self._chips if (scl, sda) == (SCL, SDA) and self.fault != "nack" else ()
            self._addressed = next((chip for chip in present if chip.start(byte >> 1, bool(byte & 1))), None)
            return self._addressed is not None
        return self._addressed is not None and self._addressed.write(byte)

    def _read(self, _scl: int, sda: int, nack: bool, into: bytes) -> tuple[int, bytes]:
        """As many bytes as `into` has; the last is acknowledged unless `nack`."""
        size = len(into)
        if not self._gpio.level(sda):
            return 0, bytes(size)
        if self._addressed is None:
            return 0, b"\xff" * size
        data = bytes(self._addressed.read(last=nack and i == size - 1) for i in range(size))
        return 0, random.randbytes(size) if self.fault == "garbage" else data
