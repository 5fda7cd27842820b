"""Virtual Feathers with this repository's firmware on them, for the benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from bench.system import ROOT
from host.firmware import make
from host.images import LAYOUTS
from virtual_feather.flash import Flash
from virtual_feather.image import make_image
from virtual_feather.layouts import layout


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
    """Make the flash of a board that has been deployed to."""
    state.mkdir(parents=True)
    file = state.parent / f"{state.name}.json"
    file.write_text(json.dumps(config))
    flash = Flash(state / "flash.bin")
    flash.program(0, make_image(layout(image)))
    for address, _, content in make(LAYOUTS[image], file).pieces(flash.size):
        flash.program(address, content)
    flash.close()


class Feather:
    """A running board, between `with`; `state` is its folder, options are words for `virtual_feather run`."""

    def __init__(self, state: Path, *options: object) -> None:
        words = ["run", "--state", state, *options]
        self._command = [sys.executable, "-m", "virtual_feather", *map(str, words)]
        self.path = ""  # the serial path

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("serial: "), f"the board did not start: {line}"
        self.path = line.removeprefix("serial: ").strip()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout
        self.process.stdout.close()
