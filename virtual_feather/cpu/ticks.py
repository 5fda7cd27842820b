"""Makes time.ticks_ms and its like wrap at 2**30, after 12.4 days, as they do on 32 bits; here they would at 2**62.

The period is a constant in the machine code of a few functions of the interpreter: it is exchanged there.
"""

from __future__ import annotations

import ctypes
import struct

from .native import Interpreter

_FUNCTIONS = (
    "time_ticks_ms",
    "time_ticks_us",
    "time_ticks_add",
    "time_ticks_diff",
    "task_lt",  # modasyncio.c
    "task_queue_push",
    "task_cancel",
)
_BITS, _CHIP_BITS = 62, 30


def _immediates(bits: int) -> list[bytes]:
    """What is computed from a period of 2**bits: masks of a number and of an object, half of it, the rest, a shift."""
    period = 1 << bits
    numbers = (period - 1, (period - 1) << 1, period // 2 - 1, period - 2)
    return [struct.pack("<Q", number) for number in numbers]


def wrap_as_on_the_chip(python: Interpreter) -> None:
    """Exchange the period."""
    for name in _FUNCTIONS:
        address, size = python.function(name)
        code = (ctypes.c_char * size).from_address(address)
        changed = bytes(code)
        for old, new in zip(_immediates(_BITS), _immediates(_CHIP_BITS), strict=True):
            changed = changed.replace(old, new)
        for register in range(0xE0, 0xE8):  # shl register, 61: half a period
            shift = bytes((0x48, 0xC1, register))
            changed = changed.replace(shift + bytes((_BITS - 1,)), shift + bytes((_CHIP_BITS - 1,)))
        if changed == bytes(code):
            raise LookupError(f"{name} of the interpreter is not the one that was looked at")
        python.patch(address, changed)
