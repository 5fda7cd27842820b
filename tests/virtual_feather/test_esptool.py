"""The real esptool, 4.8 and 5.x, on the serial loader behind a pty."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loader_pump import ESPTOOL_4, Pump, esptool
from real_image import real_image

from virtual_feather.flash import SECTOR, Flash
from virtual_feather.image import write_image
from virtual_feather.layouts import identify, image_length, layout

_NEEDS_4 = pytest.mark.skipif(not ESPTOOL_4.exists(), reason="esptool 4.8 is not in build/: ./test.sh puts it there")
_VERSIONS = {4: "esptool.py v4.8", 5: "esptool v5."}
pytestmark = pytest.mark.parametrize("major", [5, pytest.param(4, marks=_NEEDS_4)])
_DETECT = ("-fs", "detect", "-fm", "dio")


@pytest.fixture
def flash(tmp_path: Path) -> Iterator[Flash]:
    flash = Flash(tmp_path / "flash.bin")
    yield flash
    flash.close()


@pytest.fixture
def pump(flash: Flash) -> Iterator[Pump]:
    pump = Pump(flash)
    yield pump
    pump.close()


@pytest.fixture
def tool(pump: Pump, major: int) -> Callable[..., str]:
    """tool(*arguments) resets the chip into its loader and runs esptool on it."""

    def run(*words: str | Path) -> str:
        pump.reset()
        return esptool(major, "--port", pump.path, *words)

    return run


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "romfs.bin"
    write_image("romfs", path)
    return path


def _as_written(image: bytes) -> bytes:
    """The image with the mode and size that esptool sets: dio, 4 MB at 40 MHz."""
    return image[:2] + b"\x02\x40" + image[4:]


@pytest.mark.parametrize("chip", [(), ("--chip", "esp8266")])
@pytest.mark.parametrize("stub", [(), ("--no-stub",)])
def test_chip_mac_and_flash_are_recognised(tool: Callable[..., str], chip: tuple[str], stub: tuple[str]) -> None:
    shown = tool(*chip, *stub, "flash-id")
    assert "ESP8266EX" in shown
    assert "26MHz" in shown
    assert "5c:cf:7f:0a:1b:2c" in shown
    assert "Manufacturer: e0" in shown and "Device: 4016" in shown and "flash size: 4MB" in shown
    assert ("Stub flasher running" in shown or "Stub running" in shown) is not bool(stub)


def test_read_mac(tool: Callable[..., str], major: int) -> None:
    shown = tool("read-mac")
    assert "MAC: 5c:cf:7f:0a:1b:2c" in " ".join(shown.split())
    assert _VERSIONS[major] in shown


def test_the_size_is_the_chips(tmp_path: Path, major: int) -> None:
    flash = Flash(tmp_path / "small.bin", 1 << 20)
    pump = Pump(flash)
    assert "flash size: 1MB" in esptool(major, "--port", pump.path, "flash-id")
    pump.close()
    flash.close()


def test_erase_flash(tool: Callable[..., str], flash: Flash) -> None:
    flash.program(0, bytes(flash.size))
    tool("erase-flash")
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_erase_region(tool: Callable[..., str], flash: Flash) -> None:
    flash.program(0, bytes(0x8000))
    tool("erase-region", "0x2000", "0x3000")
    assert flash.read(0, 0x8000) == bytes(0x2000) + b"\xff" * 0x3000 + bytes(0x3000)


def test_write_verify_and_read_back(tool: Callable[..., str], pump: Pump, flash: Flash, image: Path) -> None:
    assert "Hash of data verified" in tool("--baud", "460800", "write-flash", *_DETECT, "0", image)
    assert pump.bauds == [115200, 460800]
    back = image.with_suffix(".back")
    tool("--baud", "460800", "read-flash", "0", hex(image.stat().st_size), back)
    assert back.read_bytes() == _as_written(image.read_bytes())
    assert identify(flash) == layout("romfs")
    tool("verify-flash", *_DETECT, "0", image)
    flash.program(0x51234, b"\0")
    with pytest.raises(subprocess.CalledProcessError):
        tool("verify-flash", *_DETECT, "0", image)
    assert identify(flash) is None


@pytest.mark.parametrize("how", [("--no-stub", "write-flash"), ("write-flash", "-u")], ids=["rom", "uncompressed"])
def test_other_ways_to_write(tool: Callable[..., str], flash: Flash, image: Path, how: tuple[str, ...]) -> None:
    flash.program(0, bytes(image.stat().st_size))
    tool(*how, *_DETECT, "0", image)
    assert flash.read(0, image.stat().st_size) == _as_written(image.read_bytes())


def test_a_write_over_other_data_erases_what_it_needs_and_no_more(
    tool: Callable[..., str], flash: Flash, tmp_path: Path
) -> None:
    flash.program(0, bytes(0x20000))
    data = random.Random(3).randbytes(9000)
    (tmp_path / "data").write_bytes(data)
    tool("write-flash", "0x6000", tmp_path / "data")
    assert flash.read(0, 0x20000) == bytes(0x6000) + data.ljust(3 * SECTOR, b"\xff") + bytes(0x17000)


def test_firmware_and_file_system_in_one_call(
    tool: Callable[..., str], flash: Flash, image: Path, tmp_path: Path
) -> None:
    files = random.Random(4).randbytes(50_000)
    (tmp_path / "files").write_bytes(files)
    tool("write-flash", *_DETECT, "0", image, "0xb0000", tmp_path / "files", "0x100000", tmp_path / "files")
    assert identify(flash) == layout("romfs")
    assert flash.read(0xB0000, 50_000) == flash.read(0x100000, 50_000) == files


def test_a_real_image(tool: Callable[..., str], flash: Flash, tmp_path: Path) -> None:
    (tmp_path / "real.bin").write_bytes(real_image())
    tool("write-flash", *_DETECT, "0", tmp_path / "real.bin")
    assert flash.read(0, 595_572) == _as_written(real_image())
    assert image_length(flash.read(0, 1 << 20)) == 595_572


def test_the_stub_stays_when_asked(tool: Callable[..., str], pump: Pump, major: int) -> None:
    tool("--after", "no-reset-stub", "flash-id")
    again = esptool(major, "--port", pump.path, "--before", "no-reset", "--after", "no-reset", "flash-id")
    assert "already running" in again
    assert "flash size: 4MB" in again
    third = esptool(major, "--port", pump.path, "--before", "no-reset", "flash-id")
    assert "already running" not in third, "no-reset has gone back to the ROM"
    assert not pump.loader.finished


@pytest.mark.parametrize("stub", [(), ("--no-stub",)])
def test_soft_reset_runs_the_program(tool: Callable[..., str], pump: Pump, stub: tuple[str]) -> None:
    tool(*stub, "--after", "soft-reset", "read-mac")
    assert pump.loader.finished


@pytest.mark.parametrize("name", ["romfs", "plain", "small"])
def test_stand_ins_are_images_to_esptool(tmp_path: Path, major: int, name: str) -> None:
    write_image(name, tmp_path / "image.bin")
    shown = esptool(major, "--chip", "esp8266", "image-info", tmp_path / "image.bin")
    assert "(valid)" in shown
    assert "IRAM" in shown and "DRAM" in shown
