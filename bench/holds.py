"""How long the node blocks its event loop, by the board's clock at the chip's pace: main.py with one more coroutine."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import serial

from bench.board import Feather, settings, write_files
from bench.broker import Broker
from bench.system import ROOT
from host.image.firmware import make
from host.image.images import LAYOUTS

_PERIODS = 8  # of ten seconds
_STATS_S = 20
_LONGEST_S = 60  # of silence
_PROBE = """async def probe():
    longest = 0
    last = began = time.ticks_ms()
    while True:
        await asyncio.sleep_ms(5)
        now = time.ticks_ms()
        longest = max(longest, time.ticks_diff(now, last) - 5)
        last = now
        if time.ticks_diff(now, began) > 10000:
            print("held", longest)
            longest, began = 0, now
            last = time.ticks_ms()


def make():"""
_ROW = '        ("probe", 30, probe),\n'
_LAST_ROW = '        # ("mine", 30, function, argument),'  # where main.py says that people add theirs


def holds() -> list[int]:
    """The longest block in each ten seconds from power-on, in ms; the statistics go out in every other period."""
    with tempfile.TemporaryDirectory() as folder, Broker() as broker:
        state, config = Path(folder, "board"), Path(folder, "config.json")
        config.write_text(json.dumps(settings(broker.port, stats_s=_STATS_S)))
        firmware = make(LAYOUTS["romfs"], config)
        firmware.flash["main.py"] = _main().encode()
        write_files(state, firmware.flash, rom=firmware.rom)
        with Feather(state, "--chip-speed", "--fast") as board, serial.Serial(board.path, timeout=_LONGEST_S) as line:
            found: list[int] = []
            while len(found) < _PERIODS:
                said = line.read_until(b"\n")
                assert said, "the node says nothing"
                found += [int(said.split()[1])] if said.startswith(b"held") else []
    return found


def _main() -> str:
    main = (ROOT / "firmware" / "main.py").read_text()
    for before, after in (
        ("import sys\n", "import asyncio\nimport sys\nimport time\n"),
        ("def make():", _PROBE),
        (_LAST_ROW, _ROW + _LAST_ROW),
    ):
        assert before in main
        main = main.replace(before, after, 1)
    return main
