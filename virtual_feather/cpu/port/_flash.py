"""The flash chip: a block device over the mapped file, and the ROMFS partition."""

import errno

import uctypes
from _board import call

_SECTOR = const(4096)


def window(start, size):
    """The flash from `start`, read in place, as the chip's memory map gives it to the processor."""
    return uctypes.bytearray_at(call("address", "flash") + start, size)


class Flash:
    """Block device of 4096-byte sectors, first sector `start`, for vfs.VfsLfs2 (extended interface)."""

    def __init__(self, start, blocks):
        self.start = start * _SECTOR
        self.blocks = blocks

    def readblocks(self, block, buffer, offset=0):
        """Fill `buffer` from `block`."""
        buffer[:] = window(self.start + block * _SECTOR + offset, len(buffer))

    def writeblocks(self, block, buffer, offset=None):
        """Write `buffer`; without an offset the block is erased first."""
        address = self.start + block * _SECTOR
        if offset is None:
            call("flash_erase", address // _SECTOR)
            offset = 0
        call("flash_write", address + offset, buffer)

    def ioctl(self, operation, argument):
        """4: number of blocks, 5: size of a block, 6: erase a block."""
        if operation == 4:
            return self.blocks
        if operation == 5:
            return _SECTOR
        if operation == 6:
            call("flash_erase", self.start // _SECTOR + argument)
            return 0


def rom_ioctl(operation, *args):
    """vfs.rom_ioctl: 1 number of partitions, 2 the memory of one, 3 erase for a write, 4 write, 5 done."""
    size = call("romfs", 1)
    if operation == 1:
        return 1 if size else 0
    if not size or args[0] != 0:
        return -errno.EINVAL
    start = call("romfs", 0)
    if operation == 2:
        return window(start, size)
    if operation == 3:
        if args[1] > size:
            return -errno.ENOMEM
        for sector in range(start // _SECTOR, (start + args[1] + _SECTOR - 1) // _SECTOR):
            call("flash_erase", sector)
        return 4  # bytes that a write must be a multiple of
    if operation == 4:
        call("flash_write", start + args[1], args[2])
        return 0
    return 0 if operation == 5 else -errno.EINVAL
