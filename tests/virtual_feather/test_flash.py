"""The flash file: NOR rules, its size, sharing, and power cuts in the middle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtual_feather.flash import BLOCK, SECTOR, Flash, PowerCut


@pytest.fixture
def flash(tmp_path: Path) -> Iterator[Flash]:
    flash = Flash(tmp_path / "flash.bin")
    yield flash
    flash.close()


def test_a_new_chip_is_erased_and_has_four_mebibytes(flash: Flash) -> None:
    assert flash.size == 4 << 20
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_what_was_programmed_survives_the_board(tmp_path: Path, flash: Flash) -> None:
    flash.program(0x1234, b"still here")
    flash.close()
    again = Flash(tmp_path / "flash.bin")
    assert again.read(0x1234, 10) == b"still here"
    again.close()


def test_programming_only_clears_bits(flash: Flash) -> None:
    flash.program(100, bytes((0b1111_0000, 0xFF, 0x00)))
    flash.program(100, bytes((0b1010_1010, 0x0F, 0xFF)))
    assert flash.read(99, 5) == bytes((0xFF, 0b1010_0000, 0x0F, 0x00, 0xFF))


def test_erasing_sets_one_sector_and_no_other(flash: Flash) -> None:
    flash.program(0, bytes(3 * SECTOR))
    flash.erase_sector(1)
    assert flash.read(0, 3 * SECTOR) == bytes(SECTOR) + b"\xff" * SECTOR + bytes(SECTOR)


@pytest.mark.parametrize(("first", "count"), [(0, 1), (3, 40), (BLOCK, BLOCK), (15, 18), (1008, 16)])
def test_a_range_is_erased_to_its_edges(flash: Flash, first: int, count: int) -> None:
    flash.program(0, bytes(flash.size))
    flash.erase(first, count)
    expected = bytes(first * SECTOR) + b"\xff" * (count * SECTOR)
    assert flash.read(0, flash.size) == expected.ljust(flash.size, b"\0")


def test_erase_all_erases_all(flash: Flash) -> None:
    flash.program(0, bytes(flash.size))
    flash.erase_all()
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_busy_times_are_those_of_the_datasheet(flash: Flash) -> None:
    assert flash.program(0, bytes(256)) == pytest.approx(0.0004)
    assert flash.program(255, bytes(2)) == pytest.approx(0.0008), "two pages"
    assert flash.program(0, b"") == 0
    assert flash.erase_sector(0) == pytest.approx(0.045)
    assert flash.erase(0, 17) == pytest.approx(0.150 + 0.045), "one whole block, one sector"
    assert flash.erase_all() == pytest.approx(10)


@pytest.mark.parametrize(("address", "length"), [(-1, 1), (4 << 20, 1), ((4 << 20) - 1, 2), (0, -1)])
def test_there_is_nothing_outside_the_chip(flash: Flash, address: int, length: int) -> None:
    with pytest.raises(ValueError, match="outside the 4194304 bytes of flash"):
        flash.read(address, length)


def test_programming_and_erasing_stay_inside(flash: Flash) -> None:
    with pytest.raises(ValueError, match="outside"):
        flash.program(flash.size - 1, b"ab")
    with pytest.raises(ValueError, match="outside"):
        flash.erase_sector(flash.size // SECTOR)
    with pytest.raises(ValueError, match="outside"):
        flash.erase(flash.size // SECTOR - 1, 2)


@pytest.mark.parametrize(("size", "jedec_id"), [(1 << 20, 0x1440E0), (2 << 20, 0x1540E0), (4 << 20, 0x1640E0)])
def test_other_sizes(tmp_path: Path, size: int, jedec_id: int) -> None:
    flash = Flash(tmp_path / "other.bin", size)
    assert flash.jedec_id == jedec_id
    assert os.path.getsize(tmp_path / "other.bin") == size
    flash.close()


@pytest.mark.parametrize("size", [0, 1 << 18, 3 << 20, 32 << 20])
def test_a_size_that_no_chip_has_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Flash(tmp_path / "odd.bin", size)
    assert not (tmp_path / "odd.bin").exists()


def test_a_file_of_another_size_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"something else")
    with pytest.raises(ValueError, match="has 14 bytes and the flash chip 4194304"):
        Flash(tmp_path / "other.bin")
    assert (tmp_path / "other.bin").read_bytes() == b"something else"


def test_power_cut_in_the_middle_of_programming(flash: Flash) -> None:
    flash.cut_after = 6
    flash.program(0, b"abcd")
    with pytest.raises(PowerCut):
        flash.program(4, b"efgh")
    assert flash.read(0, 8) == b"abcdef\xff\xff"
    with pytest.raises(PowerCut):
        flash.program(100, b"x")
    flash.cut_after = None
    flash.program(100, b"x")
    assert flash.read(100, 1) == b"x"


def test_power_cut_in_the_middle_of_erasing(flash: Flash) -> None:
    flash.program(0, bytes(2 * SECTOR))
    flash.cut_after = SECTOR + 10
    with pytest.raises(PowerCut):
        flash.erase(0, 2)
    assert flash.read(0, 2 * SECTOR) == b"\xff" * (SECTOR + 10) + bytes(SECTOR - 10)
