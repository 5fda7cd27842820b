"""The table of images, and the check of an image before anything is erased."""

import pytest
from image_file import image_file

from host.failure import Exit, Failure
from host.image.images import IMAGES, LAYOUTS, choose, problem


@pytest.mark.parametrize(
    "name, layout",
    [
        ("esp8266-1m-20220618-v1.19.1.bin", "small"),
        ("ESP8266_GENERIC-FLASH_1M-20260406-v1.28.0.bin", "small"),
        ("ESP8266_GENERIC-20260406-v1.28.0.bin", "plain"),
        ("esp8266-20220618-v1.19.1.bin", "plain"),
        ("ESP8266_GENERIC-FLASH_2M_ROMFS-20260406-v1.28.0.bin", "romfs"),
    ],
)
def test_layout_follows_from_the_name_of_a_file_or_address(tmp_path, name, layout):
    (tmp_path / name).write_bytes(image_file())
    assert choose(str(tmp_path / name)).layout is LAYOUTS[layout]
    assert choose(f"https://127.0.0.1/{name}?x=1").layout is LAYOUTS[layout]
    assert choose(f"https://127.0.0.1/{name}?x=1").file_name == name


def test_rows_agree_with_their_own_file_names():
    for image in IMAGES.values():
        assert choose(image.source).layout is image.layout


def test_a_name_that_tells_nothing_needs_layout(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(image_file())
    with pytest.raises(Failure, match="--layout") as failure:
        choose(str(path))
    assert failure.value.code == Exit.USAGE
    assert choose(str(path), "small").layout is LAYOUTS["small"]


def test_neither_row_nor_file_nor_address():
    with pytest.raises(Failure, match="nonesuch") as failure:
        choose("nonesuch")
    assert failure.value.code == Exit.IMAGE


def test_image_for_half_a_megabyte_is_refused(tmp_path):
    path = tmp_path / "esp8266-512k-20220618-v1.19.1.bin"
    path.write_bytes(image_file())
    with pytest.raises(Failure, match="512 KiB"):
        choose(str(path))


def test_file_system_ends_before_the_last_20_kib():
    assert LAYOUTS["plain"].filesystem_blocks(4 << 20) == 763
    assert LAYOUTS["romfs"].filesystem_blocks(2 << 20) == 251
    assert LAYOUTS["small"].filesystem_blocks(4 << 20) == 866
    assert LAYOUTS["small"].filesystem_blocks(1 << 20) == 98


GOOD = image_file()


@pytest.mark.parametrize(
    "data, trouble",
    [
        (GOOD, None),
        (GOOD[:2] + b"\x00\x4f" + GOOD[4:], None),  # esptool changed mode and size
        (GOOD[:-1], "truncated"),
        (GOOD[:5000], "truncated"),
        (GOOD + b"\x00", "damaged"),
        (GOOD[:30000] + b"!" + GOOD[30001:], "damaged"),
        (b"", "empty"),
        (b"\x7fELF" + GOOD, "Espressif"),
        (b"\n <!DOCTYPE html><html>" + bytes(50000), "web page"),
        (b"\xe9" + bytes(70000), "ESP8266"),  # an ESP32 application starts with 0xE9, too
    ],
)
def test_problem(data, trouble):
    found = problem(data)
    assert found is None if trouble is None else trouble in found
