"""The file `outbox`: the readings that wait, if RTC memory has no room for them, outlive a restart of the node's own.

It has, as in outbox.py, 4 bytes of SHA-256, the head (8 bytes) and nine bytes for each reading.
"""

import os
import struct
import sys

from micropython import const

from node import uptime
from node.outbox import FIT

_NAME = const("outbox")
_HEAD = const("<HHi")
_SIZE = const(9)
_LOST = const(65535)  # as in outbox.py


def write(outbox):
    """Write all readings before a restart, if RTC memory cannot keep them."""
    if outbox.count <= FIT:
        return
    try:
        with open(_NAME, "wb") as f:
            f.write(outbox.digest(b""))
            f.write(struct.pack(_HEAD, outbox.count, min(outbox.count + outbox.dropped, _LOST), uptime()))
            for i in range(outbox.start, outbox.start + outbox.count):
                start = i % outbox.size * _SIZE
                f.write(outbox.data[start : start + _SIZE])
    except OSError as e:  # the file system is full: RTC memory has the newest
        sys.print_exception(e)
        _remove()


def read(outbox):
    """Put the readings of the file into the outbox, and remove the file. Return whether there were any."""
    found = False
    try:
        with open(_NAME, "rb") as f:
            if f.read(4) == outbox.digest(b""):  # otherwise they are for other topics
                count, held, made = struct.unpack(_HEAD, f.read(8))
                found = os.stat(_NAME)[6] == 12 + count * _SIZE  # not cut short
                if found:
                    outbox.dropped += held - count
                    while data := f.read(_SIZE):
                        outbox.restore(data, made)
    except (OSError, ValueError):
        pass
    _remove()
    return found


def _remove():
    try:
        os.remove(_NAME)
    except OSError:
        pass  # there is none
