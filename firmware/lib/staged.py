"""What the parts of an update by air have in common: its folder new/, and the list of what is in it."""

import asyncio
import hashlib
import os
from binascii import hexlify

_STEP = 256  # bytes that are read and hashed at a time

# Before any other file, or what starts it. On an image with ROMFS the modules go to /, which comes before /rom/lib.
TOP = ("main.py", "boot.py", "staged.mpy", "moves.mpy", "trial.mpy", "twins.mpy")


def manifest():
    """Yield for each file of the update: its place in new/, its path, its size, its SHA-256 in hexadecimal."""
    with open("new/manifest") as f:
        f.readline()  # the version
        number = 0
        for line in f:
            size, digest, path = line.split()
            top = path.split("/")[-1]
            yield "new/" + (top if top in TOP else str(number)), path, int(size), digest
            number += 1


def exists(path):
    """Say whether there is such a file or folder."""
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def put(path, text):
    """Write a small file, whole or not at all."""
    with open("new/put", "w") as f:
        f.write(text)
    os.rename("new/put", path)


def counter():
    """Return the number of the latest update that was started with."""
    try:
        with open("update.count") as f:
            return int(f.read())
    except OSError:
        return 0


def is_allowed(path):
    """Say whether an update may bring that file."""
    if len(path) > 60 or ".." in path or "//" in path:
        return False
    return path.startswith("lib/") and path.endswith(".mpy") or path in TOP


async def digest(path):
    """Return the SHA-256 of a file in hexadecimal; the others have their turns meanwhile."""
    digest = hashlib.sha256()
    block = memoryview(bytearray(_STEP))
    with open(path, "rb") as f:
        while True:
            count = f.readinto(block)
            if not count:
                return hexlify(digest.digest()).decode()
            digest.update(block[:count])
            await asyncio.sleep_ms(0)
