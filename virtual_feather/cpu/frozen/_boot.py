"""Mounts the file system; on a chip that has none yet, makes it."""

import gc
import os

from flashbdev import bdev

gc.threshold((gc.mem_free() + gc.mem_alloc()) // 4)

if bdev:
    try:
        os.mount(bdev, "/")
    except:  # noqa: E722 - as the firmware's
        import inisetup

        inisetup.setup()

gc.collect()
