"""Sends commands and data blocks to a serial loader, without a line, and starts the stub; fixtures for both loaders."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

import pytest

from virtual_feather import slip
from virtual_feather.esp8266 import checksum
from virtual_feather.flash import Flash
from virtual_feather.rom_loader import Loader

MAC = bytes.fromhex("5ccf7f0a1b2c")
SYNC = bytes.fromhex("07071220") + b"\x55" * 32


class Op(IntEnum):
    """Commands."""

    BEGIN = 0x02
    DATA = 0x03
    END = 0x04
    MEM_BEGIN = 0x05
    MEM_END = 0x06
    MEM_DATA = 0x07
    SYNC = 0x08
    WRITE_REG = 0x09
    READ_REG = 0x0A
    BAUD = 0x0F
    DEFLATE_BEGIN = 0x10
    DEFLATE_DATA = 0x11
    MD5 = 0x13
    SECURITY_INFO = 0x14
    ERASE_FLASH = 0xD0
    ERASE_REGION = 0xD1
    READ_FLASH = 0xD2
    RUN = 0xD3


@pytest.fixture
def flash(tmp_path: Path) -> Iterator[Flash]:
    flash = Flash(tmp_path / "flash.bin", 1 << 20)
    yield flash
    flash.close()


class Host:
    """The other end of the line, and its clock."""

    def __init__(self, flash: Flash) -> None:
        self.now = 0.0
        self.loader = Loader(flash, MAC, clock=lambda: self.now)

    def send(self, frame: bytes) -> list[bytes]:
        return slip.Decoder().feed(self.loader.feed(slip.encode(frame)))

    def ask(self, op: int, body: bytes = b"", check: int = 0) -> tuple[bytes, int, bytes]:
        """One command, one answer: status, value, data."""
        frames = self.send(struct.pack("<BBHI", 0, op, len(body), check) + body)
        assert len(frames) == 1
        one, answered, size, value = struct.unpack_from("<BBHI", frames[0])
        assert (one, answered, size) == (1, op, len(frames[0]) - 8)
        return frames[0][-2:], value, frames[0][8:-2]

    def ok(self, op: int, *words: int) -> bytes:
        status, _, data = self.ask(op, struct.pack(f"<{len(words)}I", *words))
        assert status == b"\0\0"
        return data

    def block(self, op: int, data: bytes, sequence: int = 0, wrong: int = 0) -> bytes:
        """Status of a data block."""
        body = struct.pack("<4I", len(data), sequence, 0, 0) + data
        return self.ask(op, body, checksum(data) ^ wrong)[0]

    def read_register(self, address: int) -> int:
        return self.ask(Op.READ_REG, struct.pack("<I", address))[1]

    def ask_flash(self, command: int, size: int, address: int | None = None) -> bytes:
        """The flash chip's answer to a command of its own, through the SPI controller, as esptool asks it."""
        user = 1 << 31 | 1 << 28 | (1 << 30 if address is not None else 0)
        words = [
            (0x1C, user),
            (0x20, 23 << 26 | 8 * size - 1 << 8),
            (0x24, 7 << 28 | command),
            (0x04, (address or 0) << 8),
        ]
        for offset, value in [*words, (0x40, 0), (0x00, 1 << 18)]:
            self.ok(Op.WRITE_REG, 0x60000200 + offset, value, 0xFFFFFFFF, 0)
        return self.read_register(0x60000240).to_bytes(4, "little")[:size]

    def start_stub(self, code: bytes = b"code OHAI code..") -> list[bytes]:
        self.ok(Op.MEM_BEGIN, len(code), 1, 0x1800, 0x4010D000)
        assert self.block(Op.MEM_DATA, code) == b"\0\0"
        return self.send(struct.pack("<BBHI2I", 0, Op.MEM_END, 8, 0, 0, 0x4010D004))


@pytest.fixture
def rom(flash: Flash) -> Host:
    return Host(flash)


@pytest.fixture
def stub(rom: Host) -> Host:
    answer, greeting = rom.start_stub()
    assert (answer[:2], answer[-2:], greeting) == (b"\x01\x06", b"\0\0", b"OHAI")
    return rom
