"""The flasher stub that the loader starts, and how long the flash chip keeps each of them busy."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest
from loader_client import SYNC, Host, Op, flash, rom, stub

from virtual_feather.flash import SECTOR, Flash, PowerCut

__all__ = ["flash", "rom", "stub"]


def test_the_stub_answers_sync_with_value_0(stub: Host) -> None:
    frames = stub.send(struct.pack("<BBHI", 0, Op.SYNC, 36, 0) + SYNC)
    assert frames == [bytes.fromhex("01080200000000000000")] * 8


def test_blocks_are_erased_written_and_cut_to_size(stub: Host, flash: Flash) -> None:
    flash.program(0, bytes(0x8000))
    stub.ok(Op.BEGIN, 6000, 1, 0x4000, 0x1000, 0)
    assert stub.block(Op.DATA, b"a" * 6000 + b"\xff" * 10_384) == b"\0\0"
    stub.ok(Op.END, 1)
    assert flash.read(0, 0x8000) == bytes(0x1000) + (b"a" * 6000).ljust(0x2000, b"\xff") + bytes(0x5000)


def test_deflated_data_in_small_pieces(stub: Host, flash: Flash) -> None:
    data = bytes(range(256)) * 200
    packed = zlib.compress(data, 9)
    stub.ok(Op.DEFLATE_BEGIN, len(data), -(-len(packed) // 64), 64, 0x2000)
    for sequence in range(0, len(packed), 64):
        assert stub.block(Op.DEFLATE_DATA, packed[sequence : sequence + 64], sequence // 64) == b"\0\0"
    assert flash.read(0x2000, len(data)) == data
    assert stub.ok(Op.MD5, 0x2000, len(data), 0, 0) == hashlib.md5(data).digest()


def test_a_failed_write_answers_the_next_command(stub: Host, flash: Flash) -> None:
    stub.ok(Op.DEFLATE_BEGIN, 100, 1, 64, 0)
    assert stub.block(Op.DEFLATE_DATA, b"not deflated at all") == b"\0\0"
    assert stub.ask(Op.MD5, struct.pack("<4I", 0, 4, 0, 0))[0] == b"\xc7\x00"
    stub.ok(Op.MD5, 0, 4, 0, 0)
    assert flash.read(0, 100) == b"\xff" * 100


def test_what_the_stub_refuses(stub: Host, flash: Flash) -> None:
    def refused(op: int, *words: int) -> bytes:
        return stub.ask(op, struct.pack(f"<{len(words)}I", *words))[0]

    assert stub.block(Op.DATA, b"abcd") == refused(Op.END, 1) == b"\xc6\x00", "nothing has begun"
    assert refused(Op.SECURITY_INFO) == b"\xff\x00"
    assert refused(0x0E) == b"\xc3\x00", "a command it does not know"
    assert refused(Op.ERASE_REGION, 0x1001, 0x1000) == refused(Op.ERASE_REGION, 0, 0x800) == b"\xc0\x00"
    assert refused(Op.MD5, 0, 4) == refused(Op.WRITE_REG, 1, 2) == refused(Op.READ_FLASH, 0, 4, 8192, 64) == b"\xc0\x00"
    beyond = flash.size
    assert refused(Op.MD5, beyond - 4, 5, 0, 0) == refused(Op.READ_FLASH, beyond, 1, 64, 64) == b"\xc4\x00"
    assert (
        refused(Op.ERASE_REGION, beyond, 0x1000) == refused(Op.BEGIN, 0x1001, 1, 0x4000, beyond - 0x1000) == b"\xc4\x00"
    )
    stub.ok(Op.BEGIN, 8, 1, 0x4000, 0)
    assert stub.block(Op.DATA, b"abcdefgh", wrong=4) == b"\xc1\x00"
    assert refused(Op.END, 1) == b"\xc0\x00", "8 bytes are missing"
    assert stub.ask(Op.DATA, struct.pack("<4I", 5, 0, 0, 0) + b"abcd")[0] == b"\xc9\x00"
    assert stub.send(b"\x00\x0a\x08\x00\0\0\0\0abcd")[0][-2:] == b"\xc0\x00", "the length in the header is wrong"
    assert stub.send(b"\x01\x0a\x04\x00\0\0\0\0abcd")[0][-2:] == b"\xc3\x00", "an answer is no command"
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_erase_region_and_flash(stub: Host, flash: Flash) -> None:
    flash.program(0, bytes(flash.size))
    stub.ok(Op.ERASE_REGION, 0x3000, 0x2000)
    assert flash.read(0x2000, 0x4000) == bytes(0x1000) + b"\xff" * 0x2000 + bytes(0x1000)
    stub.ok(Op.ERASE_FLASH)
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_reading_waits_for_each_acknowledgement(stub: Host, flash: Flash) -> None:
    data = bytes(range(1, 251)) * 40
    flash.program(0x101, data)
    got = b""
    frames = stub.send(struct.pack("<BBHI4I", 0, Op.READ_FLASH, 16, 0, 0x101, len(data), 4096, 64))
    assert frames.pop(0)[-2:] == b"\0\0"
    while len(got) < len(data):
        assert len(frames) == 1
        got += frames[0]
        frames = stub.send(struct.pack("<I", len(got)))
    assert got == data
    assert frames == [hashlib.md5(data).digest()]
    stub.ok(Op.MD5, 0, 4, 0, 0)


def test_reading_ends_when_the_host_says_something_else(stub: Host) -> None:
    stub.send(struct.pack("<BBHI4I", 0, Op.READ_FLASH, 16, 0, 0, 10_000, 4096, 64))
    assert stub.send(b"no acknowledgement") == [hashlib.md5(b"\xff" * 4096).digest()]
    stub.ok(Op.MD5, 0, 4, 0, 0)


def test_the_baud_rate_changes_behind_the_answer(stub: Host) -> None:
    assert stub.loader.baud == 115200
    stub.ok(Op.BAUD, 460800, 115200)
    assert stub.loader.baud == 460800
    assert stub.read_register(0x60000014) == 113


def test_ways_out_of_the_stub(stub: Host) -> None:
    stub.ok(Op.BAUD, 460800, 115200)
    stub.ok(Op.BEGIN, 0, 0, 0x4000, 0)
    stub.ok(Op.END, 1)
    stub.ok(Op.MD5, 0, 4, 0, 0)  # the stub still runs
    stub.ok(Op.BEGIN, 0, 0, 0x4000, 0)
    stub.ok(Op.END, 0)
    assert stub.ask(Op.MD5, bytes(16))[0] == b"\x01\x05", "the ROM again"
    assert (stub.loader.baud, stub.loader.finished) == (115200, False)
    stub.start_stub()
    assert stub.send(struct.pack("<BBHI", 0, Op.RUN, 0, 0)) == []
    assert stub.loader.finished


def test_memory_is_written_by_words(stub: Host) -> None:
    stub.ok(Op.MEM_BEGIN, 12, 2, 8, 0x3FFE8000)
    assert stub.block(Op.MEM_DATA, b"abcd1234", 0) == stub.block(Op.MEM_DATA, b"wxyz", 1, wrong=1) == b"\0\0"
    assert stub.read_register(0x3FFE8004).to_bytes(4, "little") == b"1234"
    assert stub.read_register(0x3FFE8008).to_bytes(4, "little") == b"wxyz", "without a checksum"
    stub.ok(Op.MEM_END, 1, 0)
    assert stub.block(Op.MEM_DATA, b"abcd") == b"\xc6\x00", "nothing has begun"
    stub.ok(Op.MEM_BEGIN, 4, 1, 4, 0x3FFE8000)
    assert stub.block(Op.MEM_DATA, b"abc") == b"\xc0\x00"
    assert stub.block(Op.MEM_DATA, b"abcdefgh") == b"\xc9\x00"
    assert stub.ask(Op.MEM_END, struct.pack("<2I", 1, 0))[0] == b"\xc8\x00", "less than was said"
    assert stub.read_register(0x3FFE8000).to_bytes(4, "little") == b"abcd"


# Time.


def test_an_erase_keeps_its_answer_back(stub: Host) -> None:
    stub.ok(Op.MD5, 0, 4, 0, 0)
    assert stub.loader.busy_s == 0
    stub.ok(Op.ERASE_FLASH)
    assert stub.loader.busy_s == pytest.approx(2.5)


def test_the_rom_answers_when_the_block_is_written(rom: Host) -> None:
    rom.ok(Op.BEGIN, SECTOR, 1, 1024, 15 * SECTOR)
    assert rom.loader.busy_s == pytest.approx(2 * 0.045), "two sectors: the ROM's surplus"
    rom.now += 1
    rom.block(Op.DATA, bytes(1024))
    assert rom.loader.busy_s == pytest.approx(4 * 0.0004)


def test_the_stub_writes_while_the_next_block_is_on_its_way(stub: Host) -> None:
    write_s = 0.150 + 64 * 0.0004
    stub.ok(Op.BEGIN, 0x20000, 8, 0x4000, 0)
    stub.block(Op.DATA, bytes(0x4000), 0)
    assert stub.loader.busy_s == 0
    stub.now += 0.1
    stub.block(Op.DATA, bytes(0x4000), 1)
    assert stub.loader.busy_s == pytest.approx(write_s - 0.1)
    stub.now += 5
    stub.ok(Op.MD5, 0, 4, 0, 0)
    assert stub.loader.busy_s == 0


def test_power_cut_in_the_middle_of_a_write(stub: Host, flash: Flash) -> None:
    flash.cut_after = 0x10000 + 100
    stub.ok(Op.BEGIN, 0x10000, 4, 0x4000, 0)
    with pytest.raises(PowerCut):
        stub.block(Op.DATA, bytes(0x4000), 0)
    assert flash.read(0, 0x4000) == bytes(100).ljust(0x4000, b"\xff")
