"""The MicroPython images that this project knows, as rows of one table, and the check that each must pass before use.

A new release is one more row in `IMAGES`.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from host.failure import Exit, Failure

BLOCK = 4096  # flash sector and LittleFS block, bytes
ROMFS_START, ROMFS_HALF = 0xB0000, 160 * 1024  # the partition has two halves: the version that runs, and the next one
SYSTEM_TAIL = 20480  # last bytes of the flash: the SDK's settings, nothing else is written there
_SIZE_WORD = 0x8FFC  # where an image has its length
_DOWNLOADS = "https://micropython.org/resources/firmware/"


@dataclass(frozen=True)
class Layout:
    """Where an image family has its parts in the flash, and which libraries it lacks."""

    name: str
    filesystem_start: int  # bytes
    min_flash: int  # bytes
    romfs: bool
    lacks: tuple[str, ...] = ()  # libraries that go on the board with the node

    @property
    def code_limit(self) -> int:
        """Bytes from 0 that the image itself may fill."""
        return ROMFS_START if self.romfs else self.filesystem_start

    def filesystem_blocks(self, flash_size: int) -> int:
        return (flash_size - SYSTEM_TAIL - self.filesystem_start) // BLOCK


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("romfs", 0x100000, 2 << 20, romfs=True),
        Layout("plain", 0x100000, 2 << 20, romfs=False),
        Layout("small", 0x99000, 1 << 20, romfs=False, lacks=("asyncio", "umqtt.simple")),
    )
}


@dataclass(frozen=True)
class Image:
    """One image: `source` is an address, or the path of a file that is already here."""

    name: str
    layout: Layout
    source: str

    @property
    def file_name(self) -> str:
        return Path(urlsplit(self.source).path).name

    @property
    def is_local(self) -> bool:
        return not self.source.startswith(("http://", "https://"))


IMAGES = {
    image.name: image
    for image in (
        Image("romfs", LAYOUTS["romfs"], _DOWNLOADS + "ESP8266_GENERIC-FLASH_2M_ROMFS-20260406-v1.28.0.bin"),
        Image("plain", LAYOUTS["plain"], _DOWNLOADS + "ESP8266_GENERIC-20260406-v1.28.0.bin"),
        Image("small", LAYOUTS["small"], _DOWNLOADS + "esp8266-1m-20220618-v1.19.1.bin"),
    )
}

# How MicroPython names its files: (pattern, layout). The first match counts.
_NAMES = (
    (re.compile(r"ROMFS"), "romfs"),
    (re.compile(r"esp8266-1m-|FLASH_1M"), "small"),
    (re.compile(r"esp8266-512k-|FLASH_512K"), None),
    (re.compile(r"ESP8266_GENERIC-\d|esp8266-\d"), "plain"),
)


def choose(wanted: str, layout: str | None = None) -> Image:
    """Return the image for `--image NAME|FILE|URL` and `--layout`. Raises Failure when the layout cannot be told."""
    if wanted in IMAGES:
        image = IMAGES[wanted]
        return replace(image, layout=LAYOUTS[layout]) if layout else image
    if not wanted.startswith(("http://", "https://")):
        if not Path(wanted).is_file():
            raise Failure(Exit.IMAGE, f"--image {wanted} is neither a file nor a URL nor one of {', '.join(IMAGES)}")
        wanted = str(Path(wanted).resolve())
    image = Image(wanted, LAYOUTS[layout or _layout_of(wanted)], wanted)
    if not image.file_name:
        raise Failure(Exit.USAGE, f"--image {wanted} does not end in a file name")
    return image


def _layout_of(wanted: str) -> str:
    name = Path(urlsplit(wanted).path).name
    for pattern, layout in _NAMES:
        if pattern.search(name):
            if layout is None:
                raise Failure(
                    Exit.IMAGE, f"{name} is for 512 KiB boards and has no room for the node: use --image romfs"
                )
            return layout
    raise Failure(Exit.USAGE, f"the name {name} does not tell its flash layout: add --layout romfs, plain or small")


def problem(data: bytes) -> str | None:
    """Return what is wrong with the image `data`, in a few words, or None.

    A MicroPython image for the ESP8266 starts with 0xE9, holds its own length - 16 in the little-endian word at 0x8FFC,
    and ends with the MD5 of all bytes between byte 4 and those last 16 (esptool may change bytes 2 and 3).
    """
    size = int.from_bytes(data[_SIZE_WORD : _SIZE_WORD + 4], "little") + 16
    trouble = None
    if not data:
        trouble = "is empty"
    elif data[:64].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        trouble = "is a web page"
    elif data[0] != 0xE9:
        trouble = "is no image for an Espressif chip"
    elif len(data) < _SIZE_WORD + 4:
        trouble = "is truncated"
    elif not _SIZE_WORD + 4 + 16 <= size <= 1 << 20:
        trouble = "is no MicroPython image for the ESP8266"
    elif len(data) < size:
        trouble = f"is truncated: {len(data)} of {size} bytes"
    elif len(data) > size or hashlib.md5(data[4:-16], usedforsecurity=False).digest() != data[-16:]:
        trouble = "is damaged: its own checksum does not match"
    return trouble
