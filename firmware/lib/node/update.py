"""Updates by air: takes their pieces, and gives verify.py all the rest. docs/updates.md has the messages. A job.

It keeps itself while a file is being received: otherwise that would be closed after each piece, and the flash erase a
block for the next.
"""

import asyncio
import os
import sys
from binascii import a2b_base64

from micropython import const
from staged import exists, manifest

_MANIFEST = const(255)  # number of the file that is the manifest
_LONGEST = const(32768)  # of a file
_QUIET_S = const(30)  # without a piece for so long the file is closed

_me = sys.modules[__name__]
_file = None  # that is being received
_number = None
_size = 0
_have = 0
_guard = None  # closes the file, and lets go of this module, when no more comes


async def run(session, message):
    """Take the piece and answer how many bytes of its file are here now."""
    try:
        if message is None:
            raise ValueError("a message is too long")
        if not message:
            raise ValueError("a message is empty")
        if message[:1] != b"p":
            _close()
            session.jobs.insert(0, ("report" if message[:1] in b"?h" else "verify", message))
            return
        if exists("new/go") or exists("new/done"):
            raise ValueError("an update is on trial")
        number = _take(a2b_base64(message[1:]))
        answer = "ok %d" % _have
        if _have == _size:
            _close()
            if number == _MANIFEST:
                session.jobs.insert(0, ("verify", b"m"))
                answer = None
    except (OSError, ValueError, MemoryError) as e:
        answer = "error: %s" % e
    if _file:
        sys.modules[__name__] = _me
    elif "trial" not in sys.modules:
        sys.modules.pop("staged", None)
    if answer:
        await session.publish(b"reply/" + session.client.client_id + b"/update", answer.encode())


def _take(data):
    """`data` is a file's number (1 byte, 255: the manifest), where in it (3), what is there. Returns the number."""
    global _have
    if len(data) < 4:
        raise ValueError("a piece is truncated")
    if data[0] != _number:
        _open(data[0])
    at = int.from_bytes(data[1:4], "big")
    end = at + len(data) - 4
    if end > _have:  # or else it was sent twice
        if end > _size:
            raise ValueError("a piece goes beyond the %d bytes of its file" % _size)
        if at != _have:
            raise ValueError("a piece from %d is out of order: %d is next" % (at, _have))
        _file.write(data[4:])
        _have = end
    return data[0]


def _open(number):
    global _file, _number, _size, _have, _guard
    _close()
    name, size = _place(number)
    if size > _LONGEST:
        raise ValueError("%s is longer than %d bytes" % (name, _LONGEST))
    have = os.stat(name)[6] if exists(name) else 0
    if have > size:
        os.remove(name)
        have = 0
    if have < size:
        _file = open(name, "ab")
        _guard = asyncio.create_task(_close_later())
    _number, _size, _have = number, size, have


def _place(number):
    """Return (file in new/, its size when all is there)."""
    try:
        with open("new/head", "rb") as f:
            size = int.from_bytes(f.read()[12:14], "big")
        if number == _MANIFEST:
            return "new/manifest", size
        if os.stat("new/manifest")[6] == size:
            for new, _, size, _ in manifest():
                if not number:
                    return new, size
                number -= 1
    except OSError:
        pass
    raise ValueError("there is no such file in it")


async def _close_later():
    """Do not keep a file open, and this module loaded, for a sender that is gone. Started with each file."""
    global _guard
    have = -1
    while have != _have:
        have = _have
        await asyncio.sleep(_QUIET_S)
    _guard = None
    _close()
    sys.modules.pop(__name__, None)


def _close():
    global _file, _number, _guard
    if _guard:
        _guard.cancel()
    if _file:
        _file.close()
    _file = _number = _guard = None
