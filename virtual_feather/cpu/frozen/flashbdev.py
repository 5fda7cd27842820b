"""The block device of the file system: the flash behind the firmware, without the SDK's parameters at its end."""

import errno

import esp
from _board import call


class FlashBdev:
    """Sectors of flash, first sector `start_sec` (extended block device interface)."""

    SEC_SIZE = 4096

    def __init__(self, start_sec, blocks):
        self.start_sec = start_sec
        self.blocks = blocks

    def readblocks(self, n, buf, off=0):
        """Fill `buf` from block `n`."""
        # As esp.flash_read, which is C on the chip and takes no level of the stack there.
        if not call("flash_read", (self.start_sec + n) * self.SEC_SIZE + off, buf):
            raise OSError(errno.EIO)

    def writeblocks(self, n, buf, off=None):
        """Write `buf`; without an offset the block is erased first."""
        if off is None:
            esp.flash_erase(self.start_sec + n)
            off = 0
        esp.flash_write((self.start_sec + n) * self.SEC_SIZE + off, buf)

    def ioctl(self, op, arg):
        """4: number of blocks, 5: size of a block, 6: erase a block."""
        if op == 4:
            return self.blocks
        if op == 5:
            return self.SEC_SIZE
        if op == 6:
            esp.flash_erase(self.start_sec + arg)
            return 0


size = esp.flash_size()
bdev = None
if size >= 0x100000:
    start_sec = esp.flash_user_start() // FlashBdev.SEC_SIZE
    if start_sec < 256:
        start_sec += 1  # kept for native code, which runs only from the first MiB
    bdev = FlashBdev(start_sec, (size - 20480) // FlashBdev.SEC_SIZE - start_sec)
