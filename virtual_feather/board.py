"""The Feather HUZZAH board: its parts, its power supply and its resets.

A soft reset (Ctrl-D) only starts a new interpreter. A reset of the chip (button, machine.reset(), watchdog) keeps flash
and RTC memory. Deep sleep keeps both too, with everything else off. A loss of power keeps only the flash. The supply
goes off at once: the voltages in between are not modelled.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .adc import Adc
from .flash import SECTOR, Flash, PowerCut
from .gpio import Gpio
from .i2c import I2cBus
from .layouts import Layout, identify
from .led import Led
from .network.cable import Cable
from .processor.build import executable
from .processor.child import Child
from .processor.pace import NS_PER_BRANCH
from .processor.page import SharedPage
from .radio import Radio
from .reactor import NEVER, Alarm, Reactor
from .rtc import Rtc
from .wires import Wires

# The SDK's rst_reason (user_interface.h). A soft reset of MicroPython, Ctrl-D, leaves it as it is.
PWRON_RESET, EXCEPTION_RESET, SOFT_WDT_RESET, SOFT_RESET, DEEPSLEEP_RESET, HARD_RESET = 0, 2, 3, 4, 5, 6
RED_LED, BLUE_LED, RUN_APP, WAKE = 0, 2, 12, 16
_REBOOT_S = 0.3  # from a crash to the next start


@dataclass(frozen=True, slots=True)
class Identity:
    """What distinguishes one board from another."""

    mac: bytes  # six bytes


class Board:
    """A powered or unpowered Feather."""

    def __init__(
        self,
        reactor: Reactor,
        state: Path,
        identity: Identity,
        *,
        fast: float | None = None,
        paced: bool = False,
        chip_speed: bool = False,
        network: bool = False,
    ) -> None:
        """state: the board's folder. fast, network: as in `runner.Options`. paced: the flash takes as long as a real
        one; chip_speed: so do programs.

        Raises ValueError for a flash file of another size, OSError.
        """
        self._reactor = reactor
        self.serial: Callable[[bytes], None] = lambda _: None  # called with what the program sends on UART 0
        self.started: Callable[[], None] = lambda: None  # called when a file system is mounted and boot.py begins
        self.halted: Callable[[], None] = lambda: None  # called when the chip has stopped, its serial loader too
        self._fast = fast is not None
        self._paced = paced
        self.identity = identity
        self._shared = SharedPage()
        self.page = page = self._shared.page
        reactor.shared = page
        self.flash = Flash(state / "flash.bin")
        page.flash_size, page.flash_id = self.flash.size, self.flash.jedec_id
        page.fast, page.paced, page.fast_until_us = self._fast, paced, NEVER
        self._chip_speed = chip_speed
        if chip_speed:
            page.pace_ns[:] = NS_PER_BRANCH
        self.rtc = Rtc(page, reactor.now)
        self.gpio = Gpio(page, lambda: self._tell("G"))
        self.gpio.listen(WAKE, self._wake_line)
        self.adc = Adc(page)
        self.bus = I2cBus(page, self.gpio)
        self.wires = Wires(page, self.gpio)
        self.leds = {number: Led(reactor.now, 1) for number in (RED_LED, BLUE_LED)}
        for number, led in self.leds.items():
            self.gpio.listen(number, led.change)
        self._cable = Cable(reactor, page, identity.mac, network, self._skips)
        self.gateway = self._cable.gateway
        self.radio = Radio(reactor, page, self.flash, identity.mac, self._radio_changed)
        self._child: Child | None = None
        self._layout: Layout | None = None
        self._next_reset: Alarm | None = None  # due by itself: at the end of a deep sleep, or after a crash
        self.wake_wired = False  # whether a wire connects GPIO16 to RST: a new Feather has none
        self.powered = False
        self.resets = 0
        self._handlers = {kind: self._guarded(handler) for kind, handler in self._all_handlers().items()}
        if fast is not None:
            self.run_fast(fast)
        # In deep sleep and after a crash no processor runs: a fast clock may skip to the reset that is due.
        reactor.sleeps = lambda: self._fast and self._next_reset is not None

    def _all_handlers(self) -> dict[str, Callable]:
        """The handler of each message from the processor; processor/child.py lists the messages."""
        return {
            "T": self._print,
            "t": self._print_paced,
            "H": lambda _: self.started(),
            "P": self._pads_changed,
            "p": lambda _: self.gpio.settle(),
            "R": lambda _: self.reset(SOFT_RESET),
            "B": lambda _: self.reset(SOFT_WDT_RESET),
            "D": lambda data: self._deepsleep(int.from_bytes(data, "little")),
            "E": self._erase_flash,
            "W": self._write_flash,
            "I": self._skip,
            **self._cable.handlers,
            **self.bus.handlers,
            **self.wires.handlers,
            **self.radio.handlers,
        }

    # Power and resets.

    @property
    def running(self) -> bool:
        """Whether MicroPython runs: there is power and a valid image."""
        return self._child is not None

    @property
    def image(self) -> str | None:
        """Name of the image that runs."""
        return self._layout.name if self._layout else None

    def power_on(self) -> None:
        """Connect the supply."""
        if not self.powered:
            self.powered = True
            self.rtc.power_on()
            self.reset(PWRON_RESET)

    def power_off(self) -> None:
        """Cut the supply, whatever the board is doing."""
        self.halt()
        self.powered = False
        self.flash.cut_after = None

    def close(self) -> None:
        """Cut the supply, and close the board's sockets, files and shared memory."""
        self.power_off()
        self.gateway.close()
        self.flash.close()
        self._shared.close()

    def halt(self) -> None:
        """Stop the processor, the pads and the radio, and cancel a reset that is due: no power, deep sleep, RST low."""
        self._kill()
        if self._next_reset:
            self._next_reset.cancel()
            self._next_reset = None
        self.gpio.reset()
        self.radio.power_off()
        self.halted()

    def reset(self, cause: int) -> None:
        """Reset the chip, which then starts the image in the flash. cause: an rst_reason."""
        if not self.powered:
            return
        self.halt()
        self.page.reset_reason = cause
        self.resets += 1
        if cause in (HARD_RESET, DEEPSLEEP_RESET):
            self.rtc.pulled()
        self._layout = identify(self.flash)
        if self._layout is not None:
            self.radio.power_on()
            self._start()

    def _kill(self) -> None:
        if self._child:
            child, self._child = self._child, None
            child.kill()
            self._cable.unplug()

    def _start(self) -> None:
        self.page.boot_us = int(self._reactor.now() * 1e6)
        other = self._cable.plug()
        flash = os.open(self.flash.path, os.O_RDONLY)
        try:
            program = executable(self._layout, self._chip_speed)
            self._child = Child(self._reactor, program, self._shared, flash, other.fileno(), self._handlers, self._died)
        finally:
            os.close(flash)
            other.close()

    def _died(self) -> None:
        """The processor has crashed: reset, as the chip does after an exception."""
        self.halt()
        self._next_reset = self._reactor.call_in(_REBOOT_S, lambda: self.reset(EXCEPTION_RESET))

    def _deepsleep(self, time_us: int) -> None:
        """Power down for `time_us`; 0: until a reset from outside."""
        self.halt()
        if time_us:
            self._next_reset = self._reactor.call_in(time_us / 1e6, self._end_deepsleep)

    def _end_deepsleep(self) -> None:
        """The chip pulls GPIO16 low for a moment, which resets it only if a wire leads to RST."""
        self._next_reset = None
        if self.wake_wired:
            self.reset(DEEPSLEEP_RESET)

    def wire_wake(self, wired: bool) -> None:
        """Connect GPIO16 to RST, which a resistor pulls up; or remove the wire."""
        self.wake_wired = wired
        self.gpio.pull_up(WAKE, wired)

    def _wake_line(self, level: int) -> None:
        """A program has driven GPIO16: low, through the wire to RST, resets the chip."""
        if self.wake_wired and self.running and not level:
            self.reset(HARD_RESET)

    def run_fast(self, seconds: float) -> None:
        """Skip idle time for `seconds` of the board's clock, 0 to infinity. Raises ValueError without --fast."""
        if not self._fast:
            raise ValueError("the board was started without --fast")
        until = (self._reactor.now() + seconds) * 1e6 if seconds else 0
        self.page.fast_until_us = NEVER if math.isinf(until) else int(until)

    def _skips(self) -> bool:
        return self._fast and self.page.fast_until_us > self._reactor.now() * 1e6

    # What the processor asks for.

    def _guarded(self, handler: Callable[[bytes], object]) -> Callable[[bytes], object]:
        """`handler`, but the board goes off when a PowerCut interrupts its flash write."""

        def handle(data: bytes) -> object:
            try:
                return handler(data)
            except PowerCut:
                self.power_off()
                return None

        return handle

    def _pads_changed(self, _: bytes) -> bytes:
        self.gpio.settle()
        return self.wires.pulses()

    def _erase_flash(self, data: bytes) -> int:
        """Microseconds for which the flash is busy; -1: there is no such sector."""
        sector = int.from_bytes(data, "little")
        return self._busy_us(sector * SECTOR, SECTOR, lambda: self.flash.erase_sector(sector))

    def _write_flash(self, data: bytes) -> int:
        address = int.from_bytes(data[:4], "little")
        return self._busy_us(address, len(data) - 4, lambda: self.flash.program(address, data[4:]))

    def _busy_us(self, address: int, size: int, change: Callable[[], float]) -> int:
        if not self.flash.holds(address, size):
            return -1
        seconds = change()
        return int(seconds * 1e6) if self._paced else 0

    def _skip(self, _: bytes) -> int:
        """A fast processor has nothing to do before the board's next alarm: skip to it. It rings at this turn's end."""
        self._reactor.skip(None)
        return 0

    def _print(self, data: bytes) -> None:
        self.serial(data)

    def _print_paced(self, data: bytes) -> int:
        self.serial(data)
        return 0

    # What comes from outside.

    def hold_output(self, held: bool) -> None:
        """Make the program wait in print(), or let it go on."""
        if held != bool(self.page.output_held):
            self.page.output_held = held
            if not held:
                self._tell("X")

    def type(self, data: bytes) -> None:
        """Bytes arrive at the UART."""
        self._tell("U", data)

    def _radio_changed(self) -> None:
        self.gateway.linked = self.radio.linked
        self._tell("V")

    def _tell(self, kind: str, data: bytes = b"") -> None:
        if self._child:
            self._child.tell(kind, data)
