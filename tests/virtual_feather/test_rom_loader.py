"""The ROM's serial loader, byte by byte: the line, its answers, its effect on the flash."""

from __future__ import annotations

import random
import struct

import pytest
from loader_client import SYNC, Host, Op, flash, rom

from virtual_feather import slip
from virtual_feather.flash import SECTOR, Flash
from virtual_feather.rom_loader import Loader

__all__ = ["flash", "rom"]

# The line.


def test_slip_carries_any_bytes_in_any_pieces() -> None:
    source = random.Random(1)
    frames = [bytes(source.choices(b"\xc0\xdb\xdc\xdd\x00A", k=source.randrange(1, 50))) for _ in range(300)]
    line = b"".join(slip.encode(frame) for frame in frames)
    decoder, found = slip.Decoder(), []
    while line:
        cut = source.randrange(1, 9)
        found += decoder.feed(line[:cut])
        line = line[cut:]
    assert found == frames


def test_slip_finds_its_way_back_after_noise() -> None:
    noise = b"noise\xc0half a fra\xdb\x01me" + b"x" * 70_000
    assert slip.Decoder().feed(noise + slip.encode(b"first") + slip.encode(b"second"))[-1] == b"second"


@pytest.mark.parametrize("seed", range(20))
def test_no_noise_upsets_either_loader(flash: Flash, seed: int) -> None:
    source = random.Random(seed)
    host = Host(flash)
    if seed % 2:
        host.start_stub()
    for _ in range(300):
        body = source.randbytes(source.choice((0, 4, 8, 16, 20, 24, 36, 50)))
        op = source.choice((*range(0x16), *range(0xD0, 0xD6)))
        host.loader.feed(slip.encode(struct.pack("<BBHI", 0, op, len(body), source.randrange(256)) + body))
        host.loader.feed(source.randbytes(9))


# The ROM.


def test_sync_is_answered_eight_times_as_by_a_real_chip(rom: Host) -> None:
    frames = rom.send(struct.pack("<BBHI", 0, Op.SYNC, 36, 0) + SYNC)
    assert frames == [bytes.fromhex("01080200070712200000")] * 8


def test_what_esptool_reads_to_know_the_chip(rom: Host) -> None:
    assert rom.read_register(0x40001000) == 0xFFF0C101
    assert [rom.read_register(0x3FF00050 + 4 * word) for word in range(4)] == [0x2C000000, 0x0A1B, 0, 0x5CCF7F]
    assert rom.read_register(0x60000014) == 451, "26 MHz crystal at 115200 baud"


def test_fuses_and_rom_cannot_be_written(rom: Host) -> None:
    rom.ok(Op.WRITE_REG, 0x3FF00050, 0, 0xFFFFFFFF, 0)
    rom.ok(Op.WRITE_REG, 0x40001000, 0, 0xFFFFFFFF, 0)
    assert (rom.read_register(0x3FF00050), rom.read_register(0x40001000)) == (0x2C000000, 0xFFF0C101)


def test_a_wrong_length_is_refused_with_the_last_value_read(rom: Host) -> None:
    rom.read_register(0x40001000)
    # Byte for byte what a real ESP-01 answers to a FLASH_BEGIN of five words.
    assert rom.send(struct.pack("<BBHI", 0, Op.BEGIN, 20, 0) + bytes(20)) == [bytes.fromhex("0102020001c1f0ff0105")]


@pytest.mark.parametrize("op", [0x00, 0x0B, Op.BAUD, Op.MD5, Op.SECURITY_INFO, Op.ERASE_FLASH, Op.READ_FLASH, 0xFF])
def test_the_rom_refuses_what_only_the_stub_knows(rom: Host, op: int) -> None:
    assert rom.ask(op)[0] == b"\x01\x05"


@pytest.mark.parametrize("mac", [b"", b"\1\2\3", b"\0\0\0\1\2\3"])
def test_a_mac_that_fuses_cannot_hold_is_refused(flash: Flash, mac: bytes) -> None:
    with pytest.raises(ValueError, match="is not a MAC address"):
        Loader(flash, mac)


def test_the_rom_programs_blocks(rom: Host, flash: Flash) -> None:
    rom.ok(Op.BEGIN, 0, 2, 1024, 0x3000)
    assert rom.block(Op.DATA, b"a" * 1024, 0) == rom.block(Op.DATA, b"b" * 1024, 1) == b"\0\0"
    assert flash.read(0x2FFF, 2050) == b"\xff" + b"a" * 1024 + b"b" * 1024 + b"\xff"
    assert rom.block(Op.DATA, b"c" * 1024, 2) == b"\x01\x06", "more blocks than announced"


def test_a_block_with_a_wrong_checksum_is_refused_and_not_written(rom: Host, flash: Flash) -> None:
    rom.ok(Op.BEGIN, 0, 1, 1024, 0)
    assert rom.block(Op.DATA, bytes(1024), wrong=1) == b"\x01\x07"
    rom.ok(Op.MEM_BEGIN, 4, 1, 4, 0x40100000)
    assert rom.block(Op.MEM_DATA, b"code", wrong=1) == b"\x01\x07"
    assert flash.read(0, 1024) == b"\xff" * 1024


def test_flash_is_nor_for_the_rom_too(rom: Host, flash: Flash) -> None:
    flash.program(0, b"\x0f" * 4)
    rom.ok(Op.BEGIN, 0, 1, 4, 0)
    rom.block(Op.DATA, b"\x3c" * 4)
    assert flash.read(0, 4) == b"\x0c" * 4
    rom.ok(Op.BEGIN, 4, 1, 4, 0)
    rom.block(Op.DATA, b"\x3c" * 4)
    assert flash.read(0, 4) == b"\x3c" * 4


@pytest.mark.parametrize(
    ("first", "asked", "erased"), [(0, 1, 2), (0, 16, 32), (0, 20, 36), (3, 5, 10), (14, 10, 12), (240, 16, 16)]
)
def test_the_rom_erases_too_much_as_the_real_one_does(
    rom: Host, flash: Flash, first: int, asked: int, erased: int
) -> None:
    flash.program(0, bytes(flash.size))
    rom.ok(Op.BEGIN, asked * SECTOR, 0, 1024, first * SECTOR)
    assert flash.read(first * SECTOR, erased * SECTOR) == b"\xff" * (erased * SECTOR)
    assert flash.read(0, flash.size).count(0xFF) == erased * SECTOR


def test_the_flash_answers_nothing_before_it_is_attached(rom: Host, flash: Flash) -> None:
    assert rom.ask_flash(0x9F, 3) == b"\xff" * 3
    rom.ok(Op.BEGIN, 0, 0, 1024, 0)
    assert rom.ask_flash(0x9F, 3) == flash.jedec_id.to_bytes(3, "little")


def test_the_flash_tells_its_parameters(rom: Host) -> None:
    """JESD216: the signature, where the first table is, and in that the density in bits less one."""
    assert rom.ask_flash(0x5A, 4, 0) == b"\xff" * 4
    rom.start_stub()
    assert rom.ask_flash(0x5A, 4, 0) == b"SFDP"
    table = int.from_bytes(rom.ask_flash(0x5A, 3, 12), "little")
    assert int.from_bytes(rom.ask_flash(0x5A, 4, table + 4), "little") + 1 == 8 << 20


@pytest.mark.parametrize("reboot", [0, 1])
def test_the_rom_leaves_for_the_program_in_flash(rom: Host, reboot: int) -> None:
    rom.ok(Op.BEGIN, 0, 0, 1024, 0)
    assert not rom.loader.finished
    rom.ok(Op.END, reboot)
    assert rom.loader.finished
    assert rom.loader.feed(slip.encode(struct.pack("<BBHI", 0, Op.SYNC, 36, 0) + SYNC)) == b""


def test_code_that_is_not_the_stub_is_not_run(rom: Host) -> None:
    assert len(rom.start_stub(b"some other program")) == 1
    assert rom.send(struct.pack("<BBHI", 0, Op.SYNC, 36, 0) + SYNC) == []
    assert not rom.loader.finished
