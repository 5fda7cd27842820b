"""os, sys, vfs, gc and builtins as the ESP8266 port has them."""

import builtins
import errno
import gc
import os
from collections import namedtuple

import uctypes
from _board import call

_SECTOR = const(4096)
_HIDDEN = ".froze"  # where the frozen modules are mounted: a board's listing knows nothing of it
_listdir, _ilistdir, _help, _mem_alloc = os.listdir, os.ilistdir, builtins.help, gc.mem_alloc
_hidden = [0]  # bytes of the heap that the chip has not


def info(what):
    """A text about the firmware in the flash."""
    buffer = bytearray(80)
    return str(buffer[: call("info", what, buffer)], "utf-8")


version = info("sys.version")
release = tuple(int(part) for part in info("sys.implementation").split("."))


def uname():
    """What os.uname() of the image tells."""
    fields = ("sysname", "nodename", "release", "version", "machine")
    return namedtuple("", fields)(*map(info, fields))


# Files of version 6.3 (6 before), for an Xtensa processor.
_old = release < (1, 21)
implementation = namedtuple("", ("name", "version", "_machine", "_mpy"))(
    "micropython", release if _old else release + ("",), info("machine"), 9222 if _old else 9990
)
_terminals = [None, None]
_attached = [True]  # whether the REPL has UART 0, in slot 1, which no object has been made for yet


def dupterm(_stream, _index=0):
    """Put a stream in a slot of the REPL's terminals; what was there. UART 0 is in slot 1.

    Other streams than UART 0 are kept and returned, but the REPL does not reach them.
    """
    if _index not in (0, 1):
        raise ValueError("invalid dupterm index")
    from machine import UART

    old = _terminals[_index]
    if _index and old is None and _attached[0]:
        old = UART(0)
    _terminals[_index] = _stream
    if _index:
        _attached[0] = isinstance(_stream, UART)
        call("uart_attach", _attached[0])
    return old


def dupterm_notify(_):
    """Told by a driver that a second terminal has input."""


def sync():
    """Write all file systems' buffers: they have none."""


def hide_memory():
    """Leave the chip's heap to be seen: what the port's own modules and the filling behind them take is none of it."""
    _hidden[0] = gc.mem_alloc() + gc.mem_free() - call("heap_bytes")


def mem_alloc():
    """Bytes of the heap that are taken."""
    return _mem_alloc() - _hidden[0]


def alloc_emergency_exception_buf(_):
    """Memory for exceptions in interrupt handlers, which run with a heap here."""


def help(*args):
    """help(), help("modules"), help(object)."""
    if args and args[0] != "modules":
        _help(*args)
    else:
        call("help", bool(args))


def listdir(_path="."):
    """Names in a folder."""
    return [name for name in _listdir(_path) if name != _HIDDEN]


def ilistdir(_path="."):
    """Entries of a folder: (name, type, inode, size)."""
    return (entry for entry in _ilistdir(_path) if entry[0] != _HIDDEN)


def rom_ioctl(operation, *args):
    """vfs.rom_ioctl: 1 number of partitions, 2 the memory of one, 3 erase for a write, 4 write, 5 done."""
    size = call("romfs", 1)
    if operation == 1:
        return 1 if size else 0
    if not size or args[0] != 0:
        return -errno.EINVAL
    start = call("romfs", 0)
    if operation == 2:
        return uctypes.bytearray_at(call("address") + start, size)
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
