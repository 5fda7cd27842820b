"""A little machine code, for what no Python function can do: whatever MicroPython's exceptions jump over."""

from __future__ import annotations

import mmap
import struct


def calling_or_raising(function: int, raised: int, jump: int) -> mmap.mmap:
    """Memory that holds a function: it calls the one at `function` and returns what that returns.

    Where that is NULL, it calls jump(exception) instead, with the exception in the word at `raised`. MicroPython raises
    with a jump that nothing of Python's may lie under: so that takes place here, after the return.
    """
    code = (
        b"\x48\x83\xec\x08"  # sub rsp, 8
        b"\x48\xb8" + struct.pack("<Q", function) + b"\xff\xd0"  # mov rax, function; call rax
        b"\x48\x83\xc4\x08"  # add rsp, 8
        b"\x48\x85\xc0\x74\x01\xc3"  # test rax, rax; jz over ret; ret
        b"\x48\xbf" + struct.pack("<Q", raised) + b"\x48\x8b\x3f"  # mov rdi, raised; mov rdi, [rdi]
        b"\x48\xb8" + struct.pack("<Q", jump) + b"\xff\xe0"  # mov rax, jump; jmp rax
    )
    return _executable(code)


def returning_more(function: int, word: int, divisor: int = 1) -> mmap.mmap:
    """Memory that holds a function: it returns what the one at `function` does, plus the word at `word`, divided."""
    code = (
        b"\x48\x83\xec\x08"  # sub rsp, 8
        b"\x48\xb8" + struct.pack("<Q", function) + b"\xff\xd0"  # mov rax, function; call rax
        b"\x48\xb9" + struct.pack("<Q", word) + b"\x48\x03\x01"  # mov rcx, word; add rax, [rcx]
        b"\x31\xd2\xb9" + struct.pack("<I", divisor) + b"\x48\xf7\xf1"  # xor edx, edx; mov ecx, divisor; div rcx
        b"\x48\x83\xc4\x08\xc3"  # add rsp, 8; ret
    )
    return _executable(code)


def adding(amount: int, word: int, function: int) -> mmap.mmap:
    """Memory that holds a function: it adds `amount` to the word at `word` and goes on as the one at `function`."""
    return _executable(
        b"\x48\xb8" + struct.pack("<Q", word) + b"\x48\x81\x00" + struct.pack("<i", amount)  # mov rax; add [rax]
        + b"\x48\xb8" + struct.pack("<Q", function) + b"\xff\xe0"  # mov rax, function; jmp rax
    )  # fmt: skip


def discarding(function: int, result: int) -> mmap.mmap:
    """Memory that holds a function: it calls the one at `function` and returns `result`."""
    return _executable(
        b"\x48\x83\xec\x08"  # sub rsp, 8
        b"\x48\xb8" + struct.pack("<Q", function) + b"\xff\xd0"  # mov rax, function; call rax
        b"\x48\x83\xc4\x08"  # add rsp, 8
        b"\x48\xb8" + struct.pack("<Q", result) + b"\xc3"  # mov rax, result; ret
    )


def _executable(code: bytes) -> mmap.mmap:
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    return memory
