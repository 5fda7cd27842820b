"""From a bare interpreter to the ESP8266 port: the first thing that runs after a reset, then forgotten."""

import sys

from _board import call


def go(keep):
    """Put the port in place, mount the flash, and leave the interpreter as the board's firmware finds it.

    keep(object): makes the interpreter hold on to an object for good, whatever a program does to sys.modules.
    """
    import _graft

    _graft.graft()
    call("hide")
    keep(list(sys.modules.values()))
    sys.modules.clear()
    sys.path[:] = ("", ".frozen", "/lib", "/")
    _graft.mount_rom()
    __import__("_boot")
    sys.modules.pop("_boot")
