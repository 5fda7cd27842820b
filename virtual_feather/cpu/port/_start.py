"""From a bare interpreter to the ESP8266 port: the first thing that runs after a reset, then forgotten."""

import gc
import sys

from _board import call


def _filled(free):
    """Fill the heap, holes first, but for `free` bytes in one piece: what an ESP8266 has at this point. The filling."""
    gc.collect()
    piece = bytearray(free)
    filling = None
    try:
        while True:
            filling = (filling,)  # the smallest object there is
    except MemoryError:
        del piece
        return filling


def go(keep):
    """Put the port in place, mount the flash, and leave the interpreter as the board's firmware finds it.

    keep(object): makes the interpreter hold on to an object for good, whatever a program does to sys.modules.
    """
    import _graft
    import _os

    _graft.graft()
    call("hide")
    kept = list(sys.modules.values())
    keep(kept)
    sys.modules.clear()
    kept.append(_filled(call("free_bytes")))
    gc.collect()
    _os.hide_memory()
    sys.path[:] = ("", ".frozen", "/lib", "/")
    _graft.mount_rom()
    call("ported")
    try:
        __import__("_boot")
    except BaseException as error:
        sys.print_exception(error)
    sys.modules.pop("_boot", None)
