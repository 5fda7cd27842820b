"""The processor: one life of MicroPython, from a reset to the next, in a process of its own.

`run` is called in a freshly forked child and never returns. MicroPython occupies the main thread; a second thread takes
what the board sends at any time, serial input and interrupts, as the ESP8266's interrupt handlers do.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from functools import partial

from ..reactor import Skipped
from .fast_clock import FastClock
from .frozen_path import FILE, MOUNT, FrozenPath
from .help import WELCOME, listing
from .interrupts import Interrupts
from .link import Link, close_all_but, receive, send, until_the_board_goes
from .names import Release, absent_names
from .native import Interpreter
from .rom import Rom
from .sockets import Sockets
from .ticks import wrap_as_on_the_chip
from .uart import Uart

_FINE = (0, 0x100)  # of this build's pyexec: no exception, SystemExit
_GATE = "machine_time_pulse_us_obj"  # a builtin that the port has to replace in any case
_MAIN = """
import machine, vfs, uctypes, sys
vfs.umount('/')
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({rom}, {rom_size})), '{mount}')
sys.path[:] = ['{mount}/port']
keep = sys.atexit
machine.time_pulse_us('prepare')
__import__('_start').go(keep)
del machine, vfs, uctypes, sys, keep
__import__('_board').call('main')
"""


@dataclass(frozen=True, slots=True)
class Start:
    """How this life begins."""

    banner: str  # what the REPL greets with, e.g. "MicroPython v1.28.0 on 2026-04-06; ESP module with ESP8266"
    info: dict[str, str]  # what os.uname() and sys.implementation tell, by name
    release: Release  # of MicroPython
    absent: frozenset[str]  # modules that the image lacks
    soft: bool  # a soft reset: the chip has gone on
    raw_repl: bool  # a soft reset keeps the mode of the REPL
    heap_bytes: int  # of this 64-bit interpreter
    chip_bytes: int  # of them, in which there is what the chip's heap holds
    free_bytes: int  # of those, when the port is there and the image's own modules begin
    rom: Rom  # the port's own modules
    flash: memoryview  # the flash file, mapped
    paced: bool  # the line and the flash take their time
    skipped: Skipped | None  # of a board whose clock runs fast


class Processor:
    """The Python half of the port: what MicroPython's C calls and what the gate leads to."""

    def __init__(self, link: Link, start: Start) -> None:
        self._link = link
        self._start = start
        self._python = Interpreter()
        self._ported = False
        self._uart = Uart(link.text.fileno(), link.raw.fileno(), start.paced)
        self._irq_depth = 0
        self._interrupts = Interrupts(self._python, link.events, self._uart)
        self._sockets = Sockets(self._python, self._interrupts.wake, self._python.handle_pending)
        self._local = {
            "prepare": self._prepare,
            "hide": self._hide,
            "info": self._info,
            "address": self._address,
            "flash_read": self._read_flash,
            "flash_write": partial(self._change_flash, "flash_write"),
            "flash_erase": partial(self._change_flash, "flash_erase"),
            "free_bytes": lambda: self._start.free_bytes,
            "ported": self._be_ported,
            "heap_bytes": lambda: self._start.chip_bytes,
            "help": self._help,
            "irq_disable": self._disable_irq,
            "irq_enable": self._enable_irq,
            "link": lambda: self._sockets.linked,
            **self._uart.operations,
            "main": self._main,
        }

    def run(self) -> None:
        """Run MicroPython until it resets itself."""
        self._connect_standard_streams()
        self._install()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C of a terminal is for the board, which ends us
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._interrupts.start(self._sockets)
        rom = memoryview(self._start.rom.image)
        script = _MAIN.format(rom=_address_of(rom), rom_size=len(rom), mount=MOUNT)
        arguments = [b"micropython", b"-X", b"heapsize=%d" % self._start.heap_bytes, b"-c", script.encode()]
        vector = (ctypes.c_char_p * (len(arguments) + 1))(*arguments)
        self._python.lib.micropython_unix_main(len(arguments), vector)

    def _connect_standard_streams(self) -> None:
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)  # errors of ours stay out of the UART
        self._uart.connect_standard_streams()
        # mp_obj_vfs_posix_file_t: the type, then the descriptor.
        buffer = self._python.address("mp_sys_stdout_buffer_obj")
        ctypes.c_int.from_address(buffer + 8).value = self._link.raw.fileno()

    def _install(self) -> None:
        python = self._python
        python.replace("mp_hal_set_interrupt_char", ctypes.CFUNCTYPE(None, ctypes.c_int), self._set_interrupt_char)
        python.replace("mp_hal_stdio_mode_raw", ctypes.CFUNCTYPE(None), lambda: None)
        python.replace("mp_hal_stdio_mode_orig", ctypes.CFUNCTYPE(None), lambda: None)
        python.replace("mp_hal_stdout_tx_str", ctypes.CFUNCTYPE(None, ctypes.c_char_p), self._print)
        delay = self._delay_ms
        if self._start.skipped is not None:
            delay = FastClock(python, self._start.skipped, self._idle, self._interrupts).delay_ms
        python.replace("mp_hal_delay_ms", ctypes.CFUNCTYPE(None, ctypes.c_ulong), delay)
        self._sockets.install()
        python.discard_result("gc_collect_obj")  # MICROPY_PY_GC_COLLECT_RETVAL is the unix port's alone
        python.install_gate(_GATE, self._gate)
        wrap_as_on_the_chip(python)
        self._frozen = FrozenPath(python, self._start.rom.modules, self._start.absent)

    # What MicroPython's C calls.

    def _set_interrupt_char(self, char: int) -> None:
        # Before _boot.py the port itself runs, which nobody interrupts.
        self._interrupts.char = char if self._ported else -1

    def _print(self, text: bytes) -> None:
        self._python.stack.called()
        if text.startswith(b"MicroPython "):
            # The REPL's greeting comes in two strings: the release, then "; " and the machine.
            text = self._start.banner.encode()
        elif text.startswith(b"; ") and b"version" in text:
            return
        with until_the_board_goes():
            os.write(1, text)

    def _delay_ms(self, ms: int) -> None:
        self._python.stack.called()
        end = time.monotonic() + ms / 1000
        while (left := end - time.monotonic()) > 0:
            # A signal alone would not do: CPython takes select() up again after it.
            ready, _, _ = select.select([self._interrupts.wake], [], [], left)
            if ready:
                os.eventfd_read(self._interrupts.wake)
            if self._python.handle_pending():
                return

    def _idle(self, until_us: int | None, events: int) -> bool:
        return bool(self._ask("idle", [until_us, events]))

    # The gate.

    def _gate(self, arguments: list[int]) -> int:
        self._python.stack.called()
        name = self._python.text(arguments[0])
        if name == "graft":
            owner, keep, *pairs = arguments[1:]
            self._python.graft(owner >> 1, keep == self._python.object(True), pairs)
            return self._python.object(None)
        try:
            values = [self._python.value(argument) for argument in arguments[1:]]
            handler = self._local.get(name)
            with until_the_board_goes():
                return self._python.object(handler(*values) if handler else self._ask(name, values))
        except (TypeError, ValueError, OverflowError) as error:
            # What a program has given to a method of the port that only passes it on.
            return self._python.raising(str(error))

    def _ask(self, name: str, values: list) -> int | bool | None:
        """Call the board. What it answers beside the result fills the last argument, a buffer of the caller's."""
        with until_the_board_goes():
            send(self._link.calls, (name, *(bytes(v) if isinstance(v, memoryview) else v for v in values)))
        answer = receive(self._link.calls)
        if answer is None:
            os._exit(0)  # the board has gone
        result, data, wrong, events = answer
        self._interrupts.catch_up(events)
        if wrong:
            raise TypeError(wrong)
        if data:
            values[-1][: len(data)] = data
        return result

    def _prepare(self) -> None:
        """Give the gate a module of its own, and take away the names that the image does not have."""
        self._python.put_module("_board", "termios", _GATE)
        self._python.put_module("esp", "cmath", _GATE)
        for owner, names in absent_names(self._start.release).items():
            self._python.remove_names(owner, names)

    def _hide(self) -> None:
        """Take away the modules that the image does not have."""
        self._python.hide_modules(self._start.absent)

    def _help(self, modules: bool) -> None:
        """help() and help("modules")."""
        names = {*self._python.module_names(), *self._frozen.names} - {"_board"}
        os.write(1, (listing(names) if modules else WELCOME).encode())

    def _be_ported(self) -> None:
        self._ported = True

    def _disable_irq(self) -> int:
        self._python.lib.mp_sched_lock()
        self._irq_depth += 1
        return self._irq_depth - 1

    def _enable_irq(self, depth: int) -> None:
        while self._irq_depth > depth:
            self._irq_depth -= 1
            self._python.lib.mp_sched_unlock()

    def _address(self) -> int:
        """Address of the flash in this process: the board maps it, as the chip maps its own."""
        return _address_of(self._start.flash)

    def _read_flash(self, start: int, into: memoryview) -> bool:
        """Whether all of that is in the chip."""
        if not 0 <= start <= len(self._start.flash) - len(into):
            return False
        into[:] = self._start.flash[start : start + len(into)]
        return True

    def _change_flash(self, operation: str, *values: object) -> bool:
        """Whether all of that is in the chip, which stands still while its flash is busy."""
        busy_us = self._ask(operation, list(values))
        if busy_us is None:
            return False
        time.sleep(busy_us / 1e6)
        return True

    def _info(self, what: str, into: memoryview) -> int:
        """Text about this chip and its firmware; the length of it."""
        text = self._start.info[what].encode()
        into[: len(text)] = text
        return len(text)

    def _main(self) -> None:
        """boot.py, main.py, the REPL, in the order and on the conditions of the ESP8266 port's main.c."""
        lib = self._python.lib
        raw = ctypes.c_int.in_dll(lib, "pyexec_mode_kind")
        raw.value = self._start.raw_repl
        self._python.stack.limit()
        self._ask("started", [])
        booted = self._run_boot_py()
        if booted and not raw.value:
            lib.pyexec_file_if_exists(b"main.py")
        if not self._start.soft:
            os.write(1, b"\n")
        while not (lib.pyexec_raw_repl() if raw.value else lib.pyexec_friendly_repl()):
            pass
        lib.gc_sweep_all()  # closes what is open, files above all
        send(self._link.calls, ("soft_reset", bool(raw.value)))

    def _run_boot_py(self) -> bool:
        """Whether main.py is to start: not after an exception in boot.py, from v1.22 on (MicroPython's issue 12662)."""
        lib = self._python.lib
        exists = lib.mp_vfs_import_stat(b"boot.py") == FILE
        code = lib.pyexec_file_if_exists(b"boot.py")
        return not exists or code in _FINE or self._start.release < (1, 22)


def _address_of(view: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(view))


def run(link: Link, start: Start) -> None:
    """Be the processor: called in a forked child, ends with the process."""
    try:
        close_all_but({0, 1, 2, *(end.fileno() for end in (link.calls, link.events, link.text, link.raw))})
        Processor(link, start).run()
    except BaseException:
        traceback.print_exc()  # ours, not the program's: what the chip runs never gets here
    finally:
        os._exit(0)
