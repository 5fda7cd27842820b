"""What is retained of the heap, asked between steps in which a collection can work (bench/modules.py)."""

import gc
import sys

_NAMES = 1290  # MicroPython has then made the pool that holds 1,280 more, and has filled little of it


def used():
    gc.collect()
    return gc.mem_alloc()


def mount(image):
    """Import from that ROMFS first."""
    import vfs

    with open(image, "rb") as f:
        content = f.read()
    vfs.mount(vfs.VfsRom(content), "/rom")
    sys.path.insert(0, "/rom/lib")


def fill_pools():
    """Have room for a thousand names, so that none of what is measured pays for more.

    They are kept in pools, each twice as large as the one before and paid at once by whoever finds the last one full.
    """
    for i in range(_NAMES):
        exec("def _():\n _bench_%d" % i)
