"""The firmware images that the board knows, and which of them is in the flash.

An image can be checked by itself (MicroPython's ports/esp8266/makeimg.py): 0xE9 is at its start, and at 0x8FFC the
length of all but the last 16 bytes, which are the MD5 of the rest without the first four. The board identifies the
image by texts that MicroPython puts into it: the REPL's greeting, the machine's name, the names of frozen modules, and
the object that describes the ROMFS partition.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass, replace

from .flash import SECTOR, Flash

MAGIC = 0xE9
LENGTH_AT = 0x8FFC
CODE_AT = 0x9000  # start of the code that the processor runs from flash
MAPPED_AT = 0x40200000  # where the processor sees the start of the flash
LARGEST = 1 << 20  # bytes of flash that the processor sees
SDK = "2.2.0-dev(9422289)"

_SYSTEM_BYTES = 20480  # at the end of the flash, for the SDK
_FROZEN_1M = ("dht", "ds18x20", "neopixel", "ntptime", "onewire")
_FROZEN_2M = (*_FROZEN_1M, "asyncio", "ssd1306", "umqtt.robust", "umqtt.simple", "upysh")


@dataclass(frozen=True)
class Layout:
    """One firmware image."""

    name: str
    file: str  # "" for a release that is not in the table
    version: str
    date: str
    machine: str
    length: int  # of the image, bytes; 0 for a release that is not in the table
    fs_start: int  # of LittleFS, bytes
    romfs_start: int  # bytes
    romfs_size: int  # bytes, 0 for none
    frozen: tuple[str, ...]  # frozen modules, as far as this project uses them

    @property
    def dated(self) -> str:
        """Version and date as MicroPython writes them."""
        return f"{self.version} on {self.date}"

    @property
    def banner(self) -> str:
        """The REPL's greeting."""
        return f"MicroPython {self.dated}; {self.machine}"

    @property
    def first_block(self) -> int:
        """First sector of the file system."""
        return self.fs_start // SECTOR

    def fs_blocks(self, flash_size: int) -> int:
        """Sectors of the file system on a chip of `flash_size` bytes."""
        return (flash_size - _SYSTEM_BYTES) // SECTOR - self.first_block

    @property
    def release(self) -> tuple[int, int, int]:
        """ "v1.28.0", or "v1.9.4-113-g7d86ac6c", as numbers."""
        major, minor, *micro = re.findall(r"\d+", self.version.partition("-")[0])
        return int(major), int(minor), int(micro[0]) if micro else 0


# Lengths are those of the downloads of these or neighbouring releases, to a few KiB.
LAYOUTS = (
    Layout(
        name="romfs",
        file="ESP8266_GENERIC-FLASH_2M_ROMFS-20260406-v1.28.0.bin",
        version="v1.28.0",
        date="2026-04-06",
        machine="ESP module with ESP8266",
        length=646_512,
        fs_start=0x100000,
        romfs_start=0xB0000,
        romfs_size=320 << 10,
        frozen=_FROZEN_2M,
    ),
    Layout(
        name="plain",
        file="ESP8266_GENERIC-20260406-v1.28.0.bin",
        version="v1.28.0",
        date="2026-04-06",
        machine="ESP module with ESP8266",
        length=643_056,
        fs_start=0x100000,
        romfs_start=0,
        romfs_size=0,
        frozen=_FROZEN_2M,
    ),
    Layout(
        name="small",
        file="esp8266-1m-20220618-v1.19.1.bin",
        version="v1.19.1",
        date="2022-06-18",
        machine="ESP module (1M) with ESP8266",
        length=596_532,
        fs_start=0x99000,
        romfs_start=0,
        romfs_size=0,
        frozen=_FROZEN_1M,
    ),
)

_RELEASE = re.compile(rb"MicroPython (v(\d+)\.(\d+)[^ \0]*) on (\d{4}-\d\d-\d\d)")
_MACHINE = re.compile(rb"ESP module(?: \((\w+)\))? with ESP8266")


def layout(name: str) -> Layout:
    """The row of that name. Raises KeyError."""
    return {row.name: row for row in LAYOUTS}[name]


def image_length(memory: bytes) -> int | None:
    """Length of the image at the start of `memory`, its MD5 included; None if it is damaged or there is none.

    Bytes 2 and 3 do not count: esptool writes the flash's mode, speed and size there.
    """
    if len(memory) < CODE_AT or memory[0] != MAGIC:
        return None
    length = int.from_bytes(memory[LENGTH_AT:CODE_AT], "little")
    if not CODE_AT <= length <= min(LARGEST, len(memory) - 16):
        return None
    return length + 16 if hashlib.md5(memory[4:length]).digest() == memory[length : length + 16] else None


def identify(flash: Flash) -> Layout | None:
    """The image that the board starts from this flash; None if there is none, or a damaged or foreign one."""
    return identify_image(flash.read(0, min(flash.size, LARGEST + 16)))


def identify_image(memory: bytes) -> Layout | None:
    """As `identify`, from the bytes of an image, or of a flash chip from its start."""
    length = image_length(memory)
    image = memory[:length]
    release, machine = _RELEASE.search(image), _MACHINE.search(image)
    if not length or not release or not machine:
        return None
    base = _base(image, machine[1], (int(release[2]), int(release[3])))
    if not base:
        return None
    version, date = release[1].decode(), release[4].decode()
    if (version, date) == (base.version, base.date):
        return base
    # Up to 1.20 asyncio was uasyncio/, in which its name is found as well.
    frozen = tuple(module for module in _FROZEN_2M if frozen_file(module) in image)
    return replace(base, file="", version=version, date=date, machine=machine[0].decode(), length=0, frozen=frozen)


def _base(image: bytes, size: bytes | None, version: tuple[int, int]) -> Layout | None:
    """The row of LAYOUTS with the image's flash map; None: no row has it."""
    if size == b"1M" or (size is None and version < (1, 13)):  # before 1.13 all images had one map
        return layout("small")
    if size is not None:
        return None  # 512K: it has no file system
    return next((row for row in LAYOUTS if row.romfs_size and partition_object(row) in image), layout("plain"))


def partition_object(row: Layout) -> bytes:
    """Length and address in the memoryview that vfs.rom_ioctl returns (MicroPython's ports/esp8266/vfs_rom_ioctl.c)."""
    return struct.pack("<2I", row.romfs_size, MAPPED_AT + row.romfs_start)


def frozen_file(module: str) -> bytes:
    """How an image lists a frozen module."""
    package = "/__init__" if module == "asyncio" else ""
    return f"{module.replace('.', '/')}{package}.py\0".encode()
