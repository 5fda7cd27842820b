"""The chip's address space as machine.mem8, mem16 and mem32 see it: the flash, and words that keep what is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from .flash import Flash
from .layouts import LARGEST, LENGTH_AT, MAPPED_AT


class Memory:
    """Registers and RAM that nothing here reads hold what was written last, 0 at first."""

    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self.reset()

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {"memory_read": self._read, "memory_write": self._write, "firmware_md5": self._digest}

    def reset(self) -> None:
        """Reset of the chip."""
        self._bytes: dict[int, int] = {}

    def _read(self, address: int, size: int) -> int:
        offset = address - MAPPED_AT
        if 0 <= offset < LARGEST:
            return int.from_bytes(self._flash.read(offset, size), "little")
        return int.from_bytes(bytes(self._bytes.get(address + i, 0) for i in range(size)), "little")

    def _write(self, address: int, size: int, value: int) -> None:
        for i in range(size):
            self._bytes[address + i] = value >> 8 * i & 0xFF

    def _digest(self, _into: bytes) -> tuple[int, bytes]:
        """Where the firmware's checksum lies, and what it should be; esp.check_fw compares the two."""
        size = int.from_bytes(self._flash.read(LENGTH_AT, 4), "little")
        return size, hashlib.md5(self._flash.read(4, size - 4)).digest()
