"""The Feather: its parts, its power, and its resets.

What goes on through what: a soft reset (Ctrl-D) starts a new interpreter and nothing else; a reset of the chip (button,
machine.reset(), watchdog) keeps flash and RTC memory; so does deep sleep, in which all else is off; a loss of power
keeps the flash alone. A supply that fails is always off at once: the voltages in between are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .adc import Adc
from .cpu.life import Life
from .cpu.names import absent_modules, release
from .cpu.processor import Start
from .cpu.rom import read_only_memory
from .flash import SECTOR, Flash, PowerCut
from .gpio import Gpio
from .i2c import I2cBus
from .layouts import Layout, identify
from .led import Led
from .memory import Memory
from .pwm import Pwm
from .radio import Radio
from .reactor import Alarm, Reactor, Skipped
from .rtc import Rtc
from .timers import Timers
from .wires import Wires

# The SDK's rst_reason (user_interface.h). A soft reset of MicroPython, Ctrl-D, leaves it as it is.
PWRON_RESET, EXCEPTION_RESET, SOFT_WDT_RESET, SOFT_RESET, DEEPSLEEP_RESET, HARD_RESET = 0, 2, 3, 4, 5, 6
RED_LED, BLUE_LED, RUN_APP, WAKE = 0, 2, 12, 16
CHIP_HEAP = 38 * 1024  # bytes, of 32-bit words
# They hold what twice as many bytes hold here. On top comes room for the port's own MicroPython half, which on the chip
# is C and constants; what is left of it is filled before the image's first module runs, after MicroPython's own start.
_WORDS = 2
_PORT_HEAP = 48 * 1024
_STARTED = 900
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
        heap: int = CHIP_HEAP,
    ) -> None:
        """state: its folder. fast: as in `runner.Options`. paced: flash takes its time.

        heap: MicroPython's, in the chip's bytes.
        Raises ValueError for a flash file that is none, OSError.
        """
        self._reactor = reactor
        self.serial: Callable[[bytes], None] = lambda _: None  # called with what the UART of the program sends
        self.started: Callable[[], None] = lambda: None  # called when a file system is mounted and boot.py begins
        self.halted: Callable[[], None] = lambda: None  # called when the processor has stopped, and a loader with it
        self._fast = fast is not None
        self._paced = paced
        self._heap = heap
        self.identity = identity
        self.flash = Flash(state / "flash.bin")
        self.rtc = Rtc(state / "rtc.bin", reactor.now)
        self.gpio = Gpio(self._interrupt)
        self.gpio.listen(WAKE, self._wake_line)
        self.adc = Adc()
        self.pwm = Pwm(reactor, self.gpio)
        self.memory = Memory(self.flash)
        self.bus = I2cBus(self.gpio)
        self.wires = Wires(self.gpio)
        self.leds = {number: Led(reactor.now, 1) for number in (RED_LED, BLUE_LED)}
        for number, led in self.leds.items():
            self.gpio.listen(number, led.change)
        self.timers = Timers(reactor, self._interrupt, lambda: self.reset(SOFT_WDT_RESET))
        self.radio = Radio(reactor, self.flash, identity.mac, self._linked)
        self._life: Life | None = None
        self._layout: Layout | None = None
        self._cause = PWRON_RESET
        self._next_reset: Alarm | None = None  # by itself: the end of a deep sleep, or after a crash
        self._output_held = False
        self.wake_wired = False  # whether a wire joins GPIO16 and RST: a Feather comes without
        self.powered = False
        self.resets = 0
        self._operations = self._all_operations()
        if fast is not None:
            self.run_fast(fast)
        # With no processor that could say so, a fast clock knows itself that nobody waits.
        reactor.sleeps = lambda: self._fast and self._next_reset is not None

    def _all_operations(self) -> dict[str, Callable]:
        operations: dict[str, Callable] = {
            "started": self._started,
            "reset": lambda: self.reset(SOFT_RESET),
            "soft_reset": self.soft_reset,
            "reset_cause": lambda: self._cause,
            "deepsleep": self._deepsleep,
            "unique_id": lambda _: (4, self.identity.mac[:2:-1] + b"\0"),
            "fs": lambda what: (self._layout.first_block, self._layout.fs_blocks(self.flash.size))[what],
            "romfs": lambda what: (self._layout.romfs_start, self._layout.romfs_size)[what],
            "idle": self._idle,
            "flash_size": lambda: self.flash.size,
            "flash_id": lambda: self.flash.jedec_id,
            "flash_erase": self._erase_flash,
            "flash_write": self._write_flash,
        }
        wired = (self.gpio, self.adc, self.pwm, self.bus, self.wires)
        for part in (*wired, self.memory, self.rtc, self.timers, self.radio):
            operations.update(part.operations)
        return operations

    # Power and resets.

    @property
    def running(self) -> bool:
        """Whether MicroPython runs: there is power and a valid image."""
        return self._life is not None

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
        """Cut the supply, in whatever the board is doing."""
        self.halt()
        self.powered = False
        self.flash.cut_after = None

    def close(self) -> None:
        """Cut the supply, and give back what the board holds of the computer."""
        self.power_off()
        self.flash.close()

    def halt(self) -> None:
        """Stop the processor and all that runs by itself: no power, in deep sleep, or held in reset."""
        self._kill()
        if self._next_reset:
            self._next_reset.cancel()
            self._next_reset = None
        self.timers.reset()
        self.pwm.reset()
        self.gpio.reset()
        self.memory.reset()
        self.radio.power_off()
        self.halted()

    def reset(self, cause: int) -> None:
        """A reset of the chip; it starts what the flash holds."""
        if not self.powered:
            return
        self.halt()
        self._cause = cause
        self.resets += 1
        if cause in (HARD_RESET, DEEPSLEEP_RESET):
            self.rtc.pulled()
        else:
            self.rtc.start()
        self._layout = identify(self.flash)
        if self._layout is not None:
            self.radio.power_on()
            self._start()

    def soft_reset(self, raw_repl: bool) -> None:
        """A new interpreter on the same chip: pins, radio and watchdog go on as they are."""
        self._kill()
        self.timers.forget()
        self.gpio.forget_handlers()
        self.rtc.start()
        self.serial(b"MPY: soft reboot\r\n")
        self._start(soft=True, raw_repl=raw_repl)

    def _kill(self) -> None:
        if self._life:
            self._life.kill()
            self._life = None

    def _start(self, soft: bool = False, raw_repl: bool = False) -> None:
        layout = self._layout
        absent = absent_modules(release(layout.version), layout.frozen)
        start = Start(
            banner=layout.banner,
            info=_info(layout),
            release=release(layout.version),
            absent=absent,
            soft=soft,
            raw_repl=raw_repl,
            heap_bytes=_WORDS * self._heap * 33 // 32 + _PORT_HEAP,  # 1/32 is for the tables of the collector
            chip_bytes=_WORDS * self._heap,
            free_bytes=_WORDS * self._heap - _STARTED,
            rom=read_only_memory(absent),
            flash=self.flash.memory,
            paced=self._paced,
            skipped=self._reactor.skipped if self._fast else None,
        )
        self._life = Life(self._reactor, start, self._operate, self._print, self._died)
        self._life.radio(self.radio.linked)
        self._life.hold_output(self._output_held)

    def _started(self) -> None:
        self.started()

    def _died(self) -> None:
        """The interpreter has crashed, as an exception of the chip does: it resets."""
        self._kill()
        self._next_reset = self._reactor.call_in(_REBOOT_S, lambda: self.reset(EXCEPTION_RESET))

    def _deepsleep(self, time_us: int) -> None:
        """Power down for so long, or until a reset from outside (0)."""
        self.halt()
        self.rtc.sleep(time_us)
        if time_us:
            self._next_reset = self._reactor.call_in(time_us / 1e6, self._end_deepsleep)

    def _end_deepsleep(self) -> None:
        """The chip pulls GPIO16 low for a moment. Without a wire to RST nobody notices."""
        self._next_reset = None
        if self.wake_wired:
            self.reset(DEEPSLEEP_RESET)

    def wire_wake(self, wired: bool) -> None:
        """Join GPIO16 and RST, which a resistor pulls up; or take the wire away."""
        self.wake_wired = wired
        self.gpio.pull_up(WAKE, wired)

    def _wake_line(self, level: int) -> None:
        """GPIO16 driven by a program: through the wire it resets the chip under it."""
        if self.wake_wired and self.running and not level:
            self.reset(HARD_RESET)

    def run_fast(self, seconds: float) -> None:
        """Skip idle time for so many seconds of the board's clock, 0 to infinity. Raises ValueError: not started so."""
        if not self._fast:
            raise ValueError("the board was started without --fast")
        until = (self._reactor.now() + seconds) * 1e6 if seconds else 0
        self._reactor.skipped.fast_until_us = Skipped.NEVER if math.isinf(until) else int(until)

    # What the processor asks for.

    def _operate(self, name: str, *values: object) -> object:
        try:
            return self._operations[name](*values)
        except PowerCut:
            self.power_off()
            return None

    def _erase_flash(self, sector: int) -> int | None:
        """Microseconds for which the flash is busy; None for a sector that it has not."""
        inside = self.flash.holds(sector * SECTOR, SECTOR)
        return self._busy_us(self.flash.erase_sector(sector)) if inside else None

    def _write_flash(self, address: int, data: bytes) -> int | None:
        inside = self.flash.holds(address, len(data))
        return self._busy_us(self.flash.program(address, data)) if inside else None

    def _busy_us(self, seconds: float) -> int:
        """For how long the processor waits for its flash."""
        return int(seconds * 1e6) if self._paced else 0

    def _idle(self, until_us: int | None, events: int) -> bool:
        """A fast processor has nothing to do until then; whether it may ask again at once.

        An event that it has not taken yet forbids to skip.
        """
        until = None if until_us is None else until_us / 1e6
        return events == self._life.events and (self._reactor.skip(until) or self._reactor.due)

    def _print(self, data: bytes) -> None:
        self.serial(data)

    # What comes from outside.

    def hold_output(self, held: bool) -> None:
        """Make the program wait in print(), or let it go on."""
        self._output_held = held
        if self._life:
            self._life.hold_output(held)

    def type(self, data: bytes) -> None:
        """Bytes arrive at the UART."""
        if self._life:
            self._life.type(data)

    def _interrupt(self, handler: int, argument: int) -> None:
        if self._life:
            self._life.schedule(handler, argument)

    def _linked(self, linked: bool) -> None:
        if self._life:
            self._life.radio(linked)


def _info(layout: Layout) -> dict[str, str]:
    """What the interpreter tells of itself."""
    return {
        **layout.uname(),
        "sys.version": f"3.4.0; MicroPython {layout.dated}",
        "sys.implementation": layout.version.removeprefix("v"),
    }
