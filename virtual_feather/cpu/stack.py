"""The chip's stack of 8 KiB: how deep calls may go before MicroPython raises RuntimeError.

The interpreter measures its own C stack, which is not the chip's: Python's frames are on it wherever Python is between
two of its calls, and an import keeps a path of 4096 bytes there where the port has 128. So each import that begins is
given what it takes too much; it is taken back when the interpreter calls again from less deep.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

from .thunk import adding

# What the chip's 8192 bytes (ports/esp8266/main.c) hold, in this processor's frames: a function that calls itself
# within a try block gets 19 deep on the chip (measured by its users: MicroPython's issue 2927).
_BYTES = 9000
_IMPORT_BYTES = 4096 - 128  # MICROPY_ALLOC_PATH_MAX here and there
_IMPORT_FRAME = 4096  # the least that an import takes here
_ODD_SIZE = 0x1234567  # no stack has it


class Stack:
    """The limit of the interpreter's stack. It is the interpreter's own until `limit`."""

    def __init__(self, lib: ctypes.CDLL, state: int, state_bytes: int, imports: list[ctypes.c_uint64]) -> None:
        """state: address of mp_state_ctx, of which so many bytes have what is sought here.

        imports: the words that hold the function which carries out an import: one for the bytecode, one for __import__.
        """
        self._lib = lib
        self._state, self._state_bytes = state, state_bytes
        lib.mp_cstack_usage.restype = ctypes.c_size_t
        self._limit = ctypes.c_size_t()
        self._start = 0  # depth of the program's first call
        self._base = 0  # the limit while no import goes on
        self._crossing_bytes = 0
        self._imports = imports

    def limit(self) -> None:
        """Give what is run from here as much stack as the chip has.

        Called while the interpreter runs: it has no state of its thread before.
        """
        before = ctypes.string_at(self._state, self._state_bytes)
        self._lib.mp_cstack_init_with_sp_here(ctypes.c_size_t(_ODD_SIZE))
        after = ctypes.string_at(self._state, self._state_bytes)
        # mp_state_thread_t, py/mpstate.h: the top of the stack, then the limit, which is a size.
        top = next(i for i in range(0, self._state_bytes, 8) if before[i : i + 8] != after[i : i + 8])
        ctypes.memmove(self._state + top, before[top : top + 16], 16)
        self._limit = ctypes.c_size_t.from_address(self._state + top + 8)
        code = adding(_IMPORT_BYTES, ctypes.addressof(self._limit), self._imports[0].value)
        for function in self._imports:
            function.value = ctypes.addressof(ctypes.c_char.from_buffer(code))
        self._kept = code
        self._start = self._lib.mp_cstack_usage()
        self._base = self._limit.value = self._start + _BYTES
        self._crossing_bytes = self._measure_crossing()

    def _measure_crossing(self) -> int:
        """Stack that lies between C and C when Python is in between: called from there, calling on."""
        depths: list[int] = []
        crossing = ctypes.CFUNCTYPE(None)(lambda: depths.append(self._lib.mp_cstack_usage()))
        crossing()
        return depths[0] - self._lib.mp_cstack_usage()

    @contextlib.contextmanager
    def crossing(self) -> Iterator[None]:
        """Python calls back into the interpreter: its frames are no part of a program's stack."""
        self._move(self._crossing_bytes)
        try:
            yield
        finally:
            self._move(-self._crossing_bytes)

    def _move(self, size: int) -> None:
        self._start += size
        self._base += size
        self._limit.value += size

    def called(self) -> None:
        """The interpreter has called Python: take back what imports were given that cannot go on so low down."""
        if self._limit.value > self._base:
            depth = self._lib.mp_cstack_usage() - self._crossing_bytes - self._start
            most = max(depth, 0) // _IMPORT_FRAME * _IMPORT_BYTES
            self._limit.value = min(self._limit.value, self._base + most)
