"""Mounts what the flash holds, as the frozen _boot.py and inisetup.py of the ESP8266 port do."""

import gc
import sys

import vfs
from _flash import Flash, rom_ioctl


def mount(call):
    """File system at /, formatted first where there is none, and ROMFS at /rom where the image has one."""
    gc.threshold((gc.mem_free() + gc.mem_alloc()) // 4)
    flash = Flash(call("fs", 0), call("fs", 1))
    try:
        root = vfs.VfsLfs2(flash)
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        root = vfs.VfsLfs2(flash)
        with_boot(root)
    vfs.mount(root, "/")
    path = ["", ".frozen", "/.frozen"]
    if rom_ioctl(1):
        try:
            vfs.mount(vfs.VfsRom(rom_ioctl(2, 0)), "/rom")
            path += ["/rom", "/rom/lib"]
        except OSError:
            pass  # nothing deployed there
    sys.path[:] = path + ["/lib", "/"]
    gc.collect()


def with_boot(root):
    """The boot.py that a freshly formatted board has."""
    with root.open("boot.py", "w") as file:
        file.write("# Runs at every start, before main.py.\nimport gc\n\ngc.collect()\n")
