"""flash.sh's one connection to the ROM loader, and what flash.sh says when there is none."""

from __future__ import annotations

import os
import random
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loader_pump import MAC, Pump

from host.board import deploy
from host.board.loader import Loader
from host.console import Console
from host.failure import Exit, Failure
from host.image.images import LAYOUTS
from virtual_feather import rom_loader
from virtual_feather.flash import Flash

SYNC = bytes.fromhex("c000082400")


class Pumped(Pump):
    """A board that every SYNC resets into its loader, as a reset line would; `on_line` sees its answers."""

    def __init__(self, flash: Flash, on_line: Callable[[bytes, int], bytes] = lambda answer, _: answer) -> None:
        self.starts = 0  # starts of the flasher stub
        self._on_line = on_line
        super().__init__(flash)

    def reset(self) -> None:
        pump, loader = self, rom_loader.Loader(self._flash, MAC)

        class Line:
            """The loader behind a line."""

            baud = property(lambda _: loader.baud)

            def feed(self, data: bytes) -> bytes:
                if SYNC in data and loader.baud > 115200:
                    pump.reset()
                    return pump.loader.feed(data)
                answer = loader.feed(data)
                pump.starts += answer.count(b"OHAI")
                return pump._on_line(answer, loader.baud)

        self.loader = Line()


@pytest.fixture
def flash(tmp_path: Path) -> Iterator[Flash]:
    flash = Flash(tmp_path / "flash.bin")
    yield flash
    flash.close()


@pytest.fixture
def pumped(flash: Flash) -> Iterator[Callable[..., Pumped]]:
    pumps = []

    def start(*arguments: object) -> Pumped:
        pumps.append(Pumped(flash, *arguments))
        return pumps[-1]

    yield start
    for pump in pumps:
        pump.close()


def test_everything_through_one_connection(pumped, flash, tmp_path, capfd):
    pump = pumped()
    flash.program(0, bytes(8192))
    content = random.Random(1).randbytes(5000)
    (tmp_path / "piece").write_bytes(content)
    with Loader(Console(), pump.path, 460800) as loader:
        board = loader.identify()
        assert (board.mac, board.flash_size) == (MAC.hex(), 4 << 20)
        assert loader.read(4096, 16) == bytes(16)
        loader.erase()
        loader.write([(0x1000, tmp_path / "piece"), (0x200000, tmp_path / "piece")])
    assert flash.read(0x1000, 5000) == flash.read(0x200000, 5000) == content
    assert flash.read(0, 0x1000) == b"\xff" * 0x1000
    assert pump.starts == 1, "the stub was uploaded once"
    assert pump.bauds == [115200, 460800]
    said = capfd.readouterr()
    assert said.out == ""
    shown = [line.split(f"--port {pump.path} ")[1] for line in said.err.splitlines() if line.startswith("  $ ")]
    assert shown == [
        "flash-id",
        "--baud 460800 read-flash 0x1000 16 0x1000.bin",
        "--baud 460800 erase-flash",
        f"--baud 460800 write-flash --flash-size detect --flash-mode dio 0x1000 {tmp_path}/piece "
        f"0x200000 {tmp_path}/piece",
    ]
    assert "Hash of data verified" in said.err


def test_a_cable_that_does_not_stand_the_speed(pumped, flash, tmp_path, capfd):
    """The board answers at 115200, and with noise at higher speeds."""
    pump = pumped(lambda answer, baud: bytes(len(answer)) if baud > 115200 else answer)
    (tmp_path / "piece").write_bytes(b"content!")
    with Loader(Console(), pump.path, 460800) as loader:
        loader.write([(0, tmp_path / "piece")])
    assert flash.read(0, 8) == b"content!"
    assert pump.bauds == [115200, 460800, 115200]
    assert "once more at 115200" in capfd.readouterr().err


def test_a_line_that_breaks_off_in_the_middle(pumped, tmp_path):
    """Silence after the fourth kilobyte, at any speed."""
    sent = []

    def dies(answer: bytes, _baud: int) -> bytes:
        sent.append(answer)
        return answer if len(b"".join(sent)) < 4096 else b""

    pump = pumped(dies)
    with pytest.raises(
        Failure, match=r"reading the flash broke off \(.*\): check the cable and run this again"
    ) as caught:
        Loader(Console(), pump.path, 115200).read(0, 65536)
    assert caught.value.code == Exit.FLASH


def test_another_chip(pumped):
    """The word by which esptool recognises an ESP8266 is that of an ESP32."""
    pump = pumped(lambda answer, _: answer.replace(bytes.fromhex("01c1f0ff"), bytes.fromhex("831df000")))
    with pytest.raises(Failure, match="is an ESP32: this needs an ESP8266") as caught:
        Loader(Console(), pump.path, 460800).identify()
    assert caught.value.code == Exit.BOARD


def test_nothing_answers():
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        with pytest.raises(Failure, match="hold GPIO0 to GND") as caught:
            Loader(Console(), os.ttyname(slave), 460800).identify()
        assert caught.value.code == Exit.BOARD
    finally:
        os.close(slave)
        os.close(master)


def test_a_flash_that_is_too_small(pumped, tmp_path):
    small = Flash(tmp_path / "small.bin", 1 << 20)
    pump = Pumped(small)
    board = Loader(Console(), pump.path, 460800).identify()
    pump.close()
    small.close()
    deploy.check_flash(board, LAYOUTS["small"])
    with pytest.raises(Failure, match="has 1024 KiB of flash, romfs needs 2048: use --image small") as caught:
        deploy.check_flash(board, LAYOUTS["romfs"])
    assert caught.value.code == Exit.BOARD


def test_a_dry_run_opens_nothing(tmp_path, capfd):
    loader = Loader(Console(dry_run=True), str(tmp_path / "no such port"), 460800)
    assert loader.identify().flash_size == 4 << 20
    loader.erase()
    loader.write([(0, tmp_path / "image.bin")])
    loader.close()
    assert len(capfd.readouterr().out.splitlines()) == 3
