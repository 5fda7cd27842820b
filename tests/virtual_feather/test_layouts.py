"""Firmware images: the table, their recognition in a flash, and the stand-in images."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from real_image import real_image

from virtual_feather.flash import Flash
from virtual_feather.image import make_image, write_image
from virtual_feather.layouts import LAYOUTS, Layout, identify, identify_image, image_length, layout

NAMES = [row.name for row in LAYOUTS]


@pytest.fixture
def flash(tmp_path: Path) -> Iterator[Flash]:
    flash = Flash(tmp_path / "flash.bin")
    yield flash
    flash.close()


@pytest.mark.parametrize(
    ("name", "first_block", "blocks", "romfs", "asyncio"),
    [
        ("romfs", 0x100000 // 4096, 763, (0xB0000, 327680), True),
        ("plain", 0x100000 // 4096, 763, (0, 0), True),
        ("small", 0x99000 // 4096, 866, (0, 0), False),
    ],
)
def test_the_flash_map(name: str, first_block: int, blocks: int, romfs: tuple[int, int], asyncio: bool) -> None:
    row = layout(name)
    assert (row.first_block, row.fs_blocks(4 << 20)) == (first_block, blocks)
    assert row.fs_start + row.fs_blocks(4 << 20) * 4096 == (4 << 20) - 20480
    assert (row.romfs_start, row.romfs_size) == romfs
    assert ("asyncio" in row.frozen, "umqtt.simple" in row.frozen) == (asyncio, asyncio)


@pytest.mark.parametrize("row", LAYOUTS, ids=NAMES)
def test_the_parts_of_the_flash_do_not_overlap(row: Layout) -> None:
    end = row.length
    if row.romfs_size:
        assert end <= row.romfs_start
        end = row.romfs_start + row.romfs_size
    assert end <= row.fs_start


@pytest.mark.parametrize("name", NAMES)
def test_a_stand_in_is_identified_as_what_it_stands_for(name: str, tmp_path: Path, flash: Flash) -> None:
    row = write_image(name, tmp_path / "image.bin")
    image = (tmp_path / "image.bin").read_bytes()
    assert len(image) == row.length
    flash.program(0, image)
    assert identify(flash) == row == layout(name)


def test_stand_ins_are_the_same_every_time() -> None:
    assert make_image(layout("plain")) == make_image(layout("plain"))
    with pytest.raises(KeyError):
        write_image("enormous", Path("unused"))


@pytest.mark.parametrize("row", LAYOUTS, ids=NAMES)
def test_a_stand_in_takes_as_long_to_send_as_a_real_image(row: Layout) -> None:
    image = make_image(row)
    assert 0.64 < len(zlib.compress(image, 9)) / len(image) < 0.67, "of real releases: 0.654 to 0.657"


def test_what_the_user_sees_is_the_images() -> None:
    assert layout("romfs").banner == "MicroPython v1.28.0 on 2026-04-06; ESP module with ESP8266"
    assert layout("small").banner == "MicroPython v1.19.1 on 2022-06-18; ESP module (1M) with ESP8266"


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("v1.28.0", (1, 28, 0)),
        ("v1.9.4-113-g7d86ac6c", (1, 9, 4)),
        ("v1.20", (1, 20, 0)),
        ("v1.29.0-preview", (1, 29, 0)),
    ],
)
def test_releases_as_numbers(version: str, release: tuple[int, int, int]) -> None:
    assert replace(layout("plain"), version=version).release == release


def test_esptool_may_rewrite_mode_and_size() -> None:
    image = bytearray(make_image(layout("plain")))
    image[2:4] = b"\x02\x40"
    assert identify_image(bytes(image)) == layout("plain")


@pytest.mark.parametrize("at", [0, 1, 4, 0x1000, 0x8FFC, 0x8FFF, 0x9000, 0x50000, 643_055])
def test_one_flipped_bit_anywhere_else_is_damage(at: int) -> None:
    image = bytearray(make_image(layout("plain")))
    image[at] ^= 0x10
    whole = identify_image(bytes(image))
    # Byte 1, the number of segments, is not covered by the checksum either.
    assert whole == (layout("plain") if at == 1 else None)


@pytest.mark.parametrize("length", [0, 1, 0x8FFC, 0x9000, 400_000, 643_055])
def test_a_truncated_image_is_none(length: int, flash: Flash) -> None:
    part = make_image(layout("plain"))[:length]
    assert image_length(part) is None
    flash.program(0, part)
    assert identify(flash) is None


@pytest.mark.parametrize("memory", [b"", b"\xff" * (1 << 20), bytes(1 << 20), b"<!DOCTYPE html>" * 50_000])
def test_what_is_no_image_is_none(memory: bytes) -> None:
    assert image_length(memory) is None
    assert identify_image(memory) is None


def test_a_length_beyond_the_mapped_flash_is_none() -> None:
    image = bytearray(make_image(layout("plain")).ljust(2 << 20, b"\xff"))
    image[0x8FFC:0x9000] = (0x180000).to_bytes(4, "little")
    assert image_length(bytes(image)) is None


@pytest.mark.parametrize("row", LAYOUTS, ids=NAMES)
def test_another_release_has_the_map_of_its_kind(row: Layout) -> None:
    other = replace(row, version="v1.27.0", date="2025-12-09")
    assert identify_image(make_image(other)) == replace(other, file="", length=0)


def test_an_image_without_a_file_system_is_none() -> None:
    image = make_image(replace(layout("small"), machine="ESP module (512K) with ESP8266"))
    assert image_length(image) is not None
    assert identify_image(image) is None


def test_a_real_image_is_identified(flash: Flash) -> None:
    image = real_image()
    assert image_length(image) == len(image) == 595_572
    flash.program(0, image)
    found = identify(flash)
    assert found is not None
    assert found.banner == "MicroPython v1.9.4-113-g7d86ac6c on 2018-06-02; ESP module with ESP8266"
    assert (found.fs_start, found.romfs_size) == (0x99000, 0)
    assert "asyncio" not in found.frozen and "ntptime" in found.frozen
    # The linker's end of the firmware, one sector before the file system, is among the image's constants.
    assert (found.fs_start - 4096).to_bytes(4, "little") in image


def test_another_python_in_the_same_container_is_none() -> None:
    image = real_image("circuitpython")
    assert image_length(image) == len(image)
    assert identify_image(image) is None
