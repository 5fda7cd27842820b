"""Updates by air: begins one, verifies it, starts anew with it. A job.

docs/updates.md has the messages. Nothing that is not signed by the node's update_key comes in: the head of an update is
verified before anything is written, the manifest by the head, the files by the manifest.
"""

import hashlib
import json
import os
import sys
from binascii import a2b_base64, hexlify, unhexlify

from micropython import const
from staged import counter, digest, exists, is_allowed, manifest, put

_HEAD = const(46)  # bytes that are signed: see _begin()
_SIGNATURE = const(32)
_LONGEST_MANIFEST = const(6144)
_LONGEST = const(32768)  # of a file
_FILES = const(64)
_SPARE = const(8)  # blocks of flash that must stay free
_BLOCK = const(4096)


class Refused(Exception):
    """The message is not obeyed: str() says why."""


async def run(session, message):
    """Do what the message says, and answer."""
    try:
        act = _ACTS.get(chr(message[0]))
        if not act:
            raise Refused("there is no such request")
        if exists("new/go") or exists("new/done"):
            raise Refused("an update is on trial")
        answer = await act(session, message[1:])
    except Refused as e:
        answer = "error: %s" % e
    except (OSError, ValueError, MemoryError) as e:
        sys.print_exception(e)
        answer = "error: %r" % e
    if "trial" not in sys.modules:
        sys.modules.pop("staged", None)
    if answer:
        await session.publish(b"reply/" + session.client.client_id + b"/update", answer.encode())
    if act is _go and answer == "ok":
        session.faults.restart = "update"


async def _begin(session, data):
    """Signed is: 4 bytes of the SHA-256 of the node's name, counter (8), size (2) and SHA-256 (32) of the manifest."""
    data = a2b_base64(data)
    if len(data) != _HEAD + _SIGNATURE:
        raise Refused("the head is truncated, or too long")
    head = data[:_HEAD]
    name = session.client.client_id
    if head[:4] != hashlib.sha256(name).digest()[:4]:
        raise Refused("it is for another node")
    with open("config.json") as f:
        key = json.load(f).get("update_key")
    if not key:
        raise Refused("there is no update_key in config.json")
    if not _is_same(_hmac(unhexlify(key), b"huzzah-node update 1\n" + name + head), data[_HEAD:]):
        raise Refused("wrong signature")
    if _head() != head:  # or else this goes on with what is there
        if int.from_bytes(head[4:12], "big") <= counter():
            raise Refused("replayed, or older than update %d" % counter())
        if not 0 < int.from_bytes(head[12:14], "big") <= _LONGEST_MANIFEST:
            raise Refused("its manifest is longer than %d bytes" % _LONGEST_MANIFEST)
        _forget()
        os.mkdir("new")
        with open("new/put", "wb") as f:
            f.write(head)
        os.rename("new/put", "new/head")
    return "ok"


def _head():
    try:
        with open("new/head", "rb") as f:
            return f.read()
    except OSError:
        return None


def _hmac(key, message):
    """RFC 2104, for a key of up to 64 bytes."""
    key += bytes(64 - len(key))
    inner = hashlib.sha256(bytes([b ^ 0x36 for b in key]) + message).digest()
    return hashlib.sha256(bytes([b ^ 0x5C for b in key]) + inner).digest()


def _is_same(a, b):
    """Compare in a time that does not tell how much of it is right."""
    difference = 0
    for i in range(_SIGNATURE):
        difference |= a[i] ^ b[i]
    return not difference


def _forget():
    """Throw away what has been received."""
    if exists("new"):
        for name in os.listdir("new"):
            os.remove("new/" + name)
        os.rmdir("new")


async def _manifest(session, data):
    """Raises Refused, and forgets all, unless it is the one that was signed, and can be carried out."""
    try:
        head = _head()
        if not head or not exists("new/manifest") or os.stat("new/manifest")[6] < int.from_bytes(head[12:14], "big"):
            raise Refused("the manifest is truncated")
        if await digest("new/manifest") != hexlify(head[14:]).decode():
            raise Refused("the manifest is not the one that was signed")
        blocks, count = _SPARE, 0
        for new, path, size, _ in manifest():
            if not is_allowed(path):
                raise Refused("%s is not a file of the firmware" % path)
            if not 0 < size <= _LONGEST:
                raise Refused("%s is longer than %d bytes" % (path, _LONGEST))
            blocks += 0 if exists(new) else size // _BLOCK + 1
            count += 1
        if not 0 < count <= _FILES:
            raise Refused("it has no files, or more than %d" % _FILES)
        free = os.statvfs("/")[3]
        if blocks > free:
            raise Refused("the file system is full: %d KiB are needed, %d are free" % (blocks * 4, free * 4))
    except (Refused, ValueError) as e:
        _forget()
        raise e
    return "ok %d" % os.stat("new/manifest")[6]


async def _go(session, data):
    """Verify everything; run() then starts anew with it."""
    await _manifest(session, data)
    for new, path, size, wanted in manifest():
        have = os.stat(new)[6] if exists(new) else 0
        if have < size:
            raise Refused("%s is truncated: %d of %d bytes" % (path, have, size))
        if await digest(new) != wanted:
            os.remove(new)
            raise Refused("%s is not what was signed" % path)
    put("update.count", str(int.from_bytes(_head()[4:12], "big")))
    put("new/go", "0")
    return "ok"


_ACTS = {"b": _begin, "m": _manifest, "g": _go}
