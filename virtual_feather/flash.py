"""The board's SPI flash chip: a file of the same size, mapped and shared with the processor, with NOR flash's rules.

Programming can only clear bits, erasing sets whole sectors to ones. Times are the typical ones of a 4 MiB chip of this
kind (Winbond W25Q32JV datasheet, AC characteristics: tPP, tSE, tBE2, tCE).
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECTOR = 4096
BLOCK = 16  # sectors in a 64 KiB block erase
PAGE = 256

_PROGRAM_PAGE_S = 0.0004
_ERASE_SECTOR_S = 0.045
_ERASE_BLOCK_S = 0.150
_ERASE_MIB_S = 2.5  # the whole 4 MiB chip: 10 s

_MANUFACTURER = 0xE0
_SMALLEST, _LARGEST = 1 << 19, 1 << 24


class PowerCut(Exception):
    """The power went off while the chip was programming or erasing: that operation is left half done."""


class Flash:
    """Bytes that outlast the board's process. Operations return the seconds for which a real chip is busy."""

    def __init__(self, path: Path, size: int = 4 << 20) -> None:
        """Open the file, or make an erased one. size: bytes, a power of two from 512 KiB to 16 MiB.

        Raises ValueError for another size, or for a file of another size; OSError as open does.
        """
        if not _SMALLEST <= size <= _LARGEST or size & (size - 1):
            raise ValueError(
                f"{size} bytes is not the size of a flash chip: take a power of two from 512 KiB to 16 MiB"
            )
        self.size = size
        self.path = path
        # Bytes that can still be programmed or erased before the power goes off; None: no limit.
        self.cut_after: int | None = None
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            found = os.fstat(descriptor).st_size
            if found not in (0, size):
                raise ValueError(
                    f"{path} has {found} bytes and the flash chip {size}: remove the file or name its size"
                )
            os.truncate(descriptor, size)
            self._map = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        if not found:
            self._map[:] = b"\xff" * size

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()

    @property
    def jedec_id(self) -> int:
        """The answer to RDID (0x9F), first byte lowest: manufacturer, type, log2 of the size in bytes."""
        return _MANUFACTURER | 0x40 << 8 | (self.size.bit_length() - 1) << 16

    def holds(self, address: int, length: int) -> bool:
        """Whether that range lies within the chip."""
        return 0 <= address <= address + length <= self.size

    def read(self, address: int, length: int) -> bytes:
        """The bytes from `address`. Raises ValueError outside the chip, as the methods below do."""
        self._check(address, length)
        return self._map[address : address + length]

    def program(self, address: int, data: bytes) -> float:
        """Clear the bits that are 0 in `data`."""
        self._check(address, len(data))
        old = int.from_bytes(self._map[address : address + len(data)], "little")
        self._change(address, (old & int.from_bytes(data, "little")).to_bytes(len(data), "little"))
        pages = (address + len(data) + PAGE - 1) // PAGE - address // PAGE if data else 0
        return pages * _PROGRAM_PAGE_S

    def erase_sector(self, sector: int) -> float:
        """Set sector number `sector` to ones."""
        self._check(sector * SECTOR, SECTOR)
        self._change(sector * SECTOR, b"\xff" * SECTOR)
        return _ERASE_SECTOR_S

    def erase(self, first: int, count: int) -> float:
        """Set `count` sectors to ones, whole blocks at once where they are aligned."""
        busy_s = 0.0
        while count:
            if first % BLOCK == 0 and count >= BLOCK:
                self._check(first * SECTOR, BLOCK * SECTOR)
                self._change(first * SECTOR, b"\xff" * (BLOCK * SECTOR))
                busy_s += _ERASE_BLOCK_S
                first, count = first + BLOCK, count - BLOCK
            else:
                busy_s += self.erase_sector(first)
                first, count = first + 1, count - 1
        return busy_s

    def erase_all(self) -> float:
        """Set the whole chip to ones."""
        self._change(0, b"\xff" * self.size)
        return self.size / (1 << 20) * _ERASE_MIB_S

    @contextmanager
    def uncut(self) -> Iterator[None]:
        """Ignore `cut_after` meanwhile: the chip is written from outside, without the board's power."""
        cut_after, self.cut_after = self.cut_after, None
        try:
            yield
        finally:
            self.cut_after = cut_after

    def _check(self, address: int, length: int) -> None:
        if not self.holds(address, length):
            raise ValueError(f"{length} bytes at {address:#x} are outside the {self.size} bytes of flash")

    def _change(self, address: int, data: bytes) -> None:
        if self.cut_after is None:
            self._map[address : address + len(data)] = data
            return
        done = min(self.cut_after, len(data))
        self._map[address : address + done] = data[:done]
        self.cut_after -= done
        if done < len(data):
            raise PowerCut
