"""Updates over the air, a job: writes the image of another version to the half of the ROMFS that does not run.

docs/updates.md has the messages. The head, signed with the node's update_key, is verified before anything is written,
the image before anything is switched. The first word of an image is written last: until then nothing mounts it.
An erase of 4 KiB blocks the event loop for 40 to 60 ms.
"""

import asyncio
import hashlib
import json
import os
import sys
from binascii import a2b_base64, b2a_base64, unhexlify

import esp
import vfs
from micropython import const

from node import VERSION, uptime
from node.update.trial import read, write

_START = const(0xB0000)  # of the partition in the flash
_HALF = const(163840)
_SECTOR = const(4096)
_STEP = const(256)  # bytes that are read at a time
_DIGEST = const(6)  # bytes of a digest that are sent
_DIGESTS = const(32)  # in one answer
_HEAD = const(48)  # bytes; see _begin()
_BUSY_S = const(10)  # a sender that has been silent for so long has given up
_SUBACK = const(0x900000)


async def run(session, *message):
    """Carry out the message, and answer. Without one, after a connection: end a trial, or say that it has ended."""
    data = message[0] or b"" if message else b"!"
    act = _ACTS.get(data[:1])
    try:
        _check(act, "there is no such request")
        _check(data[:1] not in b"bwcg" or "trial" not in sys.modules, "an update is on trial")
        _check(data[:1] not in b"wcg" or session.update, "no update has begun")
        answer = await act(session, data[1:])
    except (OSError, ValueError, MemoryError) as e:
        answer = "error: %s" % e
    if answer:
        await session.reply(b"update", answer)
    if act is _go and answer == "ok":
        session.faults.restart = "update"


def _check(good, why):
    if not good:
        raise ValueError(why)


async def _settle(session, _):
    if "trial" in sys.modules:  # this is the connection that the new version had to make
        session.faults.restart = "update"  # start again, without the trial's remains in the heap
        return "works: update %d, version %s" % (sys.modules["trial"].commit(), VERSION)
    with open("slot.why") as f:
        why = f.read()
    os.remove("slot.why")
    return "went back: update %d: %s" % (read()[2], why)


async def _say(session, data):
    """`data`: the number of bytes, from the start of the half that runs, whose digest is wanted."""
    half = _running()
    digest = await _digest(_START + half * _HALF, min(int(data or 0), _HALF) & ~3)
    names = [n for n in os.listdir("/") if n == "node" or n.endswith((".py", ".mpy")) and _is_edited(n)]
    who = session.update[2] if session.update and uptime() - session.update[3] < _BUSY_S else "-"
    digest = b2a_base64(digest[:_DIGEST]).decode().strip()
    told = read()[2], half, VERSION, session.announced[1].decode(), digest, who, " ".join(names)[:99]
    return "ok %d %d %s %s %s %s %s" % told


def _is_edited(name):
    """Say whether a file in / differs from that of the version that runs."""
    try:
        with open(name, "rb") as mine, open("/rom/" + name, "rb") as its:
            while part := mine.read(_STEP):
                if part != its.read(_STEP):
                    return True
            return its.read(1)
    except OSError:
        return True


def _half(half):
    """Return (the memory of that half, its file system or None)."""
    memory = memoryview(vfs.rom_ioctl(2, 0))[half * _HALF : half * _HALF + _HALF]
    try:
        return memory, vfs.VfsRom(memory)
    except OSError:
        return memory, None


def _running():
    """Return the half that runs, by the rule of boot.py."""
    half = read()[0]
    return half if _half(half)[1] else 1 - half


async def _digest(at, size, first=b""):
    """Return the SHA-256 of `first` and `size` bytes of the flash."""
    digest = hashlib.sha256(first)
    block = memoryview(bytearray(_STEP))
    for done in range(0, size, _STEP):
        part = block[: size - done]
        esp.flash_read(at + done, part)
        digest.update(part)
        await asyncio.sleep_ms(0)
    return digest.digest()


async def _digests(session, data):
    """`data`: place in the partition, size of a block, number of blocks. Answers 6 bytes for each."""
    at, size, count = [int(word) for word in data.split()]
    fits = size > 0 and 0 < count <= _DIGESTS and 0 <= at <= 2 * _HALF - size * count
    _check(fits and not (at | size) & 3, "there are no such blocks")
    found = b""
    for i in range(count):
        found += (await _digest(_START + at + i * size, size))[:_DIGEST]
    return "ok " + b2a_base64(found).decode().strip()


async def _begin(session, data):
    """`data`: in base64 head and signature (32 bytes); a space; who sends it.

    Head: 4 bytes of SHA-256 of the node's name, counter (8), size (4) and SHA-256 (32) of the image, what it brings.
    """
    words = data.split() + [b"somebody"]
    data = a2b_base64(words[0])
    head, signature = data[:-32], data[-32:]
    name = session.client.client_id
    _check(len(head) >= _HEAD, "the head is truncated")
    _check(head[:4] == hashlib.sha256(name).digest()[:4], "the update is for another node")
    with open("config.json") as f:
        key = json.load(f).get("update_key")
    _check(key, "there is no update_key in config.json")
    key = unhexlify(key)
    made = _hmac(key, b"huzzah-node update 2\n" + name + head)
    # Compared by their HMACs, so that the time taken does not reveal how much of the signature is right.
    _check(_hmac(key, made) == _hmac(key, signature), "wrong signature")
    counter = read()[2]
    _check(int.from_bytes(head[4:12], "big") > counter, "the update is replayed, or older than update %d" % counter)
    size, state = int.from_bytes(head[12:16], "big"), session.update
    _check(4 < size <= _HALF and not size & 3, "an image of %d bytes does not fit" % size)
    busy = state and state[0] != head and uptime() - state[3] < _BUSY_S
    _check(not busy, "%s is updating this node" % (busy and state[2]))
    # Head, end of the last write, sender, uptime() of the last message, half, size. A list: this module gets dropped.
    session.update = [head, None, words[1].decode(), uptime(), 1 - _running(), size]
    await session.request(_SUBACK, session.client.subscribe, b"update/" + name, 0)  # QoS 0: each piece is answered
    return "ok"


def _hmac(key, message):
    """RFC 2104, for a key of up to 64 bytes."""
    inner, outer = [bytes([b ^ pad for b in key + bytes(64 - len(key))]) for pad in (0x36, 0x5C)]
    return hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).digest()


async def _write(session, data):
    """`data`: in base64 the place in the image (3 bytes) and the bytes to write there."""
    data = a2b_base64(data)
    return _put(session, int.from_bytes(data[:3], "big"), data[3:])


async def _copy(session, data):
    """`data`: place in the image, place in the half that runs, number of bytes."""
    at, source, count = [int(word) for word in data.split()]
    _check(0 < count <= _SECTOR and 0 <= source <= _HALF - count, "there is nothing to copy")
    memory = _half(_running())[0][source : source + count]
    for i in range(0, count, _STEP):
        answer = _put(session, at + i, bytes(memory[i : i + _STEP]))
        await asyncio.sleep_ms(0)
    return answer


def _put(session, at, data):
    """Write `data` at that place of the image: where the last piece ended, or at the start of a sector."""
    state = session.update
    end = at + len(data)
    fits = at < end <= state[5] and not (at | end) & 3 and at // _SECTOR == (end - 1) // _SECTOR
    _check(fits, "a piece of %d bytes does not fit at %d" % (len(data), at))
    state[3] = uptime()
    if end != state[1]:  # otherwise the piece was sent twice
        start = _START + state[4] * _HALF
        if not at % _SECTOR:
            _check(not at or esp.flash_read(start, 4) == b"\xff\xff\xff\xff", "the first sector comes first")
            esp.flash_erase((start + at) // _SECTOR)
        else:
            _check(at == state[1], "a piece at %d is out of order" % at)
        if not at:
            at, data = 4, data[4:]
        esp.flash_write(start + at, data)
        state[1] = end
    return "ok %d" % end


async def _go(session, data):
    """`data`: in base64 the first word of the image. Verify all of it, write that word, name the half in `slot`."""
    head, _, _, _, half, size = session.update
    word = a2b_base64(data)
    start = _START + half * _HALF
    there = await _digest(start + 4, size - 4, word)
    _check(len(word) == 4 and there == head[16:48], "the image is not what was signed")
    esp.flash_write(start, word)
    rom = _half(half)[1]
    _check(rom and esp.flash_read(start, 4) == word, "the first word cannot be written")
    for name in ("main.py", "boot.py"):
        for i in (half, 1 - half):  # the new file, and the present main.py, side by side until boot.py chooses
            beside = "%s.%d" % (name, i)
            if beside in os.listdir():
                os.remove(beside)
            if not _is_edited(name) and (i == half or name == "main.py"):
                source = rom.open("/" + name, "rb") if i == half else open(name, "rb")
                with open("slot.new", "wb") as f:
                    while part := source.read(_STEP):
                        f.write(part)
                os.rename("slot.new", beside)
    write(half, "0", int.from_bytes(head[4:12], "big"), head[_HEAD:].decode())
    session.update = None
    return "ok"


_ACTS = {b"!": _settle, b"?": _say, b"d": _digests, b"b": _begin, b"w": _write, b"c": _copy, b"g": _go}
