"""Stand-in firmware images: a release's container, exactly as esptool and the board check it, with filler as program.

They are for computers that reach no download site. A real chip would not run them.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

from .esp8266 import checksum
from .layouts import CODE_AT, LENGTH_AT, MAGIC, SDK, Layout, frozen_file, layout, partition_object

_ENTRY = 0x40100410
# Load address and length of what the ROM copies into RAM: code, data, constants. As large as in real releases.
_SEGMENTS = ((0x40100000, 0x7948), (0x3FFE8000, 0x440), (0x3FFE8440, 0xCB4))
_NOTICE = "stand-in image for tests: holds no program"
_SYMBOLS = bytes(0x80 + byte % 33 for byte in range(256))


def write_image(name: str, path: Path) -> Layout:
    """Write the stand-in for the row `name` of layouts.LAYOUTS. Raises KeyError for another name, OSError."""
    row = layout(name)
    path.write_bytes(make_image(row))
    return row


def make_image(row: Layout) -> bytes:
    """The image: `row.length` bytes, the same at every call."""
    length = row.length - 16
    constants = _constants(row)
    code = constants + _filler(row.name, length - CODE_AT - len(constants))
    image = _boot_part(row.name).ljust(LENGTH_AT, b"\xff") + struct.pack("<I", length) + code
    return image + hashlib.md5(image[4:]).digest()


def _boot_part(name: str) -> bytes:
    """Header and segments as esptool's elf2image writes them: QIO and 512 KiB, which esptool corrects at flashing."""
    part = struct.pack("<4BI", MAGIC, len(_SEGMENTS), 0, 0, _ENTRY)
    contents = b""
    for address, length in _SEGMENTS:
        data = _filler(f"{name} {address:#x}", length)
        part += struct.pack("<2I", address, length) + data
        contents += data
    # The checksum is the last byte of a line of 16.
    return part + bytes(15 - len(part) % 16) + bytes((checksum(contents),))


def _constants(row: Layout) -> bytes:
    """The texts and tables by which the board identifies an image."""
    texts = (_NOTICE, SDK, f"3.4.0; MicroPython {row.dated}", f"; {row.machine}\r\n")
    constants = b"".join(text.encode() + b"\0" for text in texts)
    constants += b"".join(frozen_file(module) for module in row.frozen)
    constants += bytes(-len(constants) % 4)
    return constants + (partition_object(row) if row.romfs_size else b"")


def _filler(seed: str, length: int) -> bytes:
    """Bytes that deflate to two thirds, as Xtensa code does, so that flashing takes as long as with a real image."""
    return hashlib.shake_128(seed.encode()).digest(length).translate(_SYMBOLS)
