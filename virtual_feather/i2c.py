"""The I2C bus: two wires, the chips on them, and the ways in which wires fail."""

from __future__ import annotations

import random
from collections.abc import Callable

from .chips import Chip
from .gpio import PINS, Gpio
from .processor.page import Page

SCL, SDA = 5, 4  # as wired on the Feather, until `ctl wire` changes that
FAULTS = ("ok", "nack", "stuck", "hang", "garbage")
_CLOCKS_TO_FREE = 9
_PADS = {*PINS} - {16}  # GPIO16 has no open drain


class I2cBus:
    """The chips on two GPIOs. The processor decodes START, bytes and STOP on the wires (sdk/i2c.c).

    Faults: `nack`: no chip answers (the sensor is unplugged). `stuck`: SDA is shorted to ground. `hang`: a chip
    interrupted in mid-read holds SDA low until it has had nine clocks. `garbage`: reads return noise.
    """

    def __init__(self, page: Page, gpio: Gpio) -> None:
        self._page = page
        self._gpio = gpio
        self._chips: tuple[Chip, ...] = ()
        self.fault = "ok"
        self._clocks = 0
        self._addressed: Chip | None = None  # the chip that has acknowledged its address
        page.scl, page.sda = SCL, SDA

    @property
    def handlers(self) -> dict[str, Callable]:
        """The handlers of the processor's messages, by kind."""
        return {"S": self._start, "w": self._write, "r": self._read, "O": self._stop}

    @property
    def pins(self) -> tuple[int, int]:
        """GPIOs of SCL and SDA."""
        return self._page.scl, self._page.sda

    def wire(self, scl: int, sda: int) -> None:
        """Connect the bus to these GPIOs, with pull-up resistors, and end any fault. Raises ValueError."""
        if scl == sda or not {scl, sda} <= _PADS:
            raise ValueError(f"GPIO {scl} and GPIO {sda} are no two pins for a bus")
        self.set_fault("ok")
        self._page.scl, self._page.sda = scl, sda
        self._addressed = None
        self._gpio.pull_up(scl, True)
        self._gpio.pull_up(sda, True)

    def plug(self, *chips: Chip) -> None:
        """Connect these chips instead of all that are on the bus."""
        self._chips = chips
        self._addressed = None

    def set_fault(self, fault: str) -> None:
        """Start one of FAULTS; `ok` ends it."""
        self.fault = fault
        self._clocks = 0
        scl, sda = self.pins
        self._gpio.forget(scl, self._clocked)
        if fault == "hang":
            self._gpio.listen(scl, self._clocked)
        self._gpio.hold(sda, 0 if fault in ("stuck", "hang") else None)

    def _clocked(self, level: int) -> None:
        self._clocks += level
        if self._clocks >= _CLOCKS_TO_FREE:
            self.set_fault("ok")

    def _start(self, data: bytes) -> int:
        """Whether a chip acknowledges its address."""
        byte = data[0]
        present = self._chips if self.fault != "nack" else ()
        self._addressed = next((chip for chip in present if chip.start(byte >> 1, bool(byte & 1))), None)
        return self._addressed is not None

    def _write(self, data: bytes) -> int:
        return self._addressed is not None and self._addressed.write(data[0])

    def _read(self, _: bytes) -> int:
        if self._addressed is None:
            return 0xFF
        byte = self._addressed.read()
        return random.getrandbits(8) if self.fault == "garbage" else byte

    def _stop(self, _: bytes) -> None:
        if self._addressed:
            self._addressed.stop()
        self._addressed = None
