"""os, sys and vfs as the ESP8266 port has them."""

import os
import sys
from collections import namedtuple

from _board import call
from _flash import rom_ioctl  # noqa: F401

_HIDDEN = ".frozen"  # where the frozen modules are mounted: a board's listing knows nothing of it
_listdir, _ilistdir = os.listdir, os.ilistdir


def info(what):
    """A text about the firmware in the flash."""
    buffer = bytearray(80)
    return str(buffer[: call("info", what, buffer)], "utf-8")


def uname():
    """What os.uname() of the image tells."""
    fields = ("sysname", "nodename", "release", "version", "machine")
    return namedtuple("uname", fields)(*(info(field) for field in fields))


def implementation():
    """sys.implementation of the image."""
    version = tuple(int(part) for part in info("sys.implementation").split("."))
    fields = ("name", "version", "_machine", "_mpy")
    return namedtuple("implementation", fields)("micropython", version + ("",), info("machine"), sys.implementation._mpy)


def dupterm(stream=None, index=0):
    """The second terminal: none until one is given."""
    return None


def dupterm_notify(_):
    """Told by a driver that a second terminal has input."""


def listdir(path="."):
    """Names in a folder."""
    return [name for name in _listdir(path) if name != _HIDDEN]


def ilistdir(path="."):
    """Entries of a folder: (name, type, inode, size)."""
    return (entry for entry in _ilistdir(path) if entry[0] != _HIDDEN)
