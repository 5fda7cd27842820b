"""Virtual Feathers with this repository's firmware on them, for the benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from bench.system import ROOT
from host.image.filesystem import Files
from host.image.firmware import Firmware, make
from host.image.images import LAYOUTS
from virtual_feather.flash import Flash
from virtual_feather.image import make_image
from virtual_feather.layouts import layout

_STOP_S = 60.0


def settings(port: int, client_id: str = "bench", **others: Any) -> dict[str, Any]:
    """A config.json for the broker at `port` on this computer: one TSL2561, read every second."""
    return {
        "client_id": client_id,
        "wifi": {"ssid": "air"},
        "mqtt": {"server": "127.0.0.1", "port": port},
        "sensors": [{"driver": "tsl2561", "every_s": 1}],
        **others,
    }


def write_flash(state: Path, config: dict[str, Any], image: str = "romfs") -> None:
    """Make the flash of a board on which the node is installed."""
    state.mkdir(parents=True)
    file = state.parent / f"{state.name}.json"
    file.write_text(json.dumps(config))
    _program(state, image, make(LAYOUTS[image], file))


def write_files(state: Path, files: Files, image: str = "romfs", rom: Files | None = None) -> None:
    """Make the flash of a board that has only these files; rom: those in its ROMFS."""
    state.mkdir(parents=True)
    _program(state, image, Firmware(LAYOUTS[image], flash=files, rom=rom or {}))


def _program(state: Path, image: str, firmware: Firmware) -> None:
    flash = Flash(state / "flash.bin")
    flash.program(0, make_image(layout(image)))
    for address, _, content in firmware.pieces(flash.size):
        flash.program(address, content)
    flash.close()


class Feather:
    """A board that runs between `with`, or from start() to wait(); `state` is its folder.

    options: arguments of `virtual_feather run`. program: what Python runs with them.
    """

    def __init__(self, state: Path, *options: object, program: tuple[str, ...] = ("-m", "virtual_feather")) -> None:
        words = ["run", "--state", state, *options]
        self._command = [sys.executable, *program, *map(str, words)]
        self.path = ""  # the serial path

    def __enter__(self) -> Self:
        self.start()
        self.ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.wait()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def ready(self) -> None:
        """Wait until it has its serial path."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("serial: "), f"the board did not start: {line}"
        self.path = line.removeprefix("serial: ").strip()

    def stop(self) -> None:
        """Ask it to end."""
        self.process.terminate()

    def wait(self) -> None:
        """Wait until it has ended."""
        self.process.wait(_STOP_S)
        assert self.process.stdout
        self.process.stdout.close()
