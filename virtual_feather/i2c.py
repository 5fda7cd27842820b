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

    Faults: `nack` nobody answers (the sensor is unplugged), `stuck` SDA is shorted to ground, `hang` a chip interrupted in
    mid-read holds SDA low until it has had its clocks, `garbage` what is read is noise.
    """

    def __init__(self, gpio: Gpio, chips: list[Chip]) -> None:
        self._gpio = gpio
        self._chips = chips
        self.fault = "ok"
        self._clocks = 0
        gpio.listen(SCL, self._clocked)

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {"i2c_init": self._init, "i2c_transfer": self.transfer}

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

    def _init(self, scl: int, sda: int) -> None:
        for number in (scl, sda):
            self._gpio.init(number, 2, 0, True)

    def transfer(
        self, scl: int, sda: int, frequency: int, address: int, stop: bool, output: bytes | None, size: bytes | None
    ) -> int | tuple[int, bytes]:
        """One transfer from START to STOP or to the next START: acknowledged bytes (written) or the bytes read.

        Negative results are error numbers. SDA held low reads as an acknowledge and as zeros: so it does on a real wire.
        """
        if (scl, sda) != (SCL, SDA) or self.fault == "nack":
            return -errno.ENODEV
        if self._gpio.level(SDA) == 0:
            return (0, bytes(len(size))) if output is None else len(output)
        chip = next((chip for chip in self._chips if chip.start(address, output is None)), None)
        if chip is None:
            return -errno.ENODEV
        try:
            if output is not None:
                return self._write(chip, output)
            data = bytes(chip.read(last=i == len(size) - 1) for i in range(len(size)))
            return 0, random.randbytes(len(size)) if self.fault == "garbage" else data
        finally:
            if stop:
                chip.stop()

    @staticmethod
    def _write(chip: Chip, output: bytes) -> int:
        for count, byte in enumerate(output):
            if not chip.write(byte):
                return count
        return len(output)
