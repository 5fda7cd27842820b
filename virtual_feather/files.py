"""Access from outside to the board's LittleFS, while the processor is stopped or only reads."""

from __future__ import annotations

import os

import littlefs

from .errors import UserError
from .flash import Flash
from .layouts import identify

_BLOCK = 4096


class _Blocks:
    """The flash from the file system's first block on, as a block device for littlefs-python."""

    def __init__(self, flash: Flash, start: int) -> None:
        self._flash = flash
        self._start = start

    def _at(self, block: int, offset: int = 0) -> int:
        return (self._start + block) * _BLOCK + offset

    def read(self, _: object, block: int, offset: int, size: int) -> bytearray:
        return bytearray(self._flash.read(self._at(block, offset), size))

    def prog(self, _: object, block: int, offset: int, data: bytes) -> int:
        self._flash.program(self._at(block, offset), bytes(data))
        return 0

    def erase(self, _: object, block: int) -> int:
        self._flash.erase_sector(self._start + block)
        return 0

    def sync(self, _: object) -> int:
        return 0


class FileSystem:
    """The LittleFS in the flash. Raises UserError when there is none, as do its methods when they fail."""

    def __init__(self, flash: Flash) -> None:
        layout = identify(flash)
        if layout is None:
            raise UserError("there is no image in the flash, and so no file system: write one with esptool")
        context = _Blocks(flash, layout.first_block)
        blocks = layout.fs_blocks(flash.size)
        self._fs = littlefs.LittleFS(context=context, block_size=_BLOCK, block_count=blocks, mount=False)
        try:
            self._fs.mount()
        except littlefs.LittleFSError as error:
            raise UserError("the flash holds no file system yet: let the board start once") from error

    def write(self, path: str, data: bytes) -> None:
        """Write a file, with the folders above it."""
        try:
            if folder := path.strip("/").rpartition("/")[0]:
                self._fs.makedirs(folder, exist_ok=True)
            with self._fs.open(path, "wb") as file:
                file.write(data)
        except (littlefs.LittleFSError, OSError) as error:
            raise UserError(f"{path} cannot be written: {_reason(error)}") from error

    def read(self, path: str) -> bytes:
        """Content of a file."""
        try:
            with self._fs.open(path, "rb") as file:
                return file.read()
        except (littlefs.LittleFSError, OSError) as error:
            raise UserError(f"{path} cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The system's text for an error; littlefs-python raises bare OSErrors, whose cause has the code."""
    cause = error if isinstance(error, littlefs.LittleFSError) else error.__cause__
    return os.strerror(-cause.code).lower()
