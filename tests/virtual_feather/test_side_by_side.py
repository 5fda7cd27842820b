"""Many boards on one computer, each with a path, a state and a radio of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from boards import RunningBoard

pytestmark = pytest.mark.alone

_BOARDS = 20
_PROMPT_S = 10.0


def _ask(board: RunningBoard) -> tuple[str, float]:
    """The board's MAC by its own prompt, and how long that took."""
    began = time.monotonic()
    with board.console() as console:
        console.prompt(timeout=60)
        mac = console.run("import network\nprint(network.WLAN().config('mac').hex())", timeout=60)
    return mac.strip(), time.monotonic() - began


def test_twenty_boards(boards: Callable[..., RunningBoard]) -> None:
    with ThreadPoolExecutor(_BOARDS) as pool:
        began = time.monotonic()
        started = list(pool.map(lambda i: boards(f"feather{i}"), range(_BOARDS)))
        answers = list(pool.map(_ask, started))
        took_s = time.monotonic() - began
    macs = [mac for mac, _ in answers]
    assert len(set(macs)) == _BOARDS
    assert macs == [board.status()["mac"] for board in started]
    assert len({os.path.realpath(board.link) for board in started}) == _BOARDS
    slowest_s = max(seconds for _, seconds in answers)
    print(f"20 boards: {took_s:.1f} s from nothing to the last prompt; a prompt in {slowest_s:.1f} s at most")
    assert took_s < _PROMPT_S


def test_what_one_does_another_does_not_see(boards: Callable[..., RunningBoard]) -> None:
    left, right = boards("left"), boards("right")
    left.ctl("light", "1")
    left.ctl("runapp", "hold")
    left.put("only.txt", "here")
    left.ctl("power", "off")
    status = right.status()
    assert (status["light"], status["runapp"], status["resets"]) == (250.0, "release", 1)
    with right.console() as console:
        console.prompt()
        assert console.run("import os\nprint(os.listdir('/'))") == "['boot.py']\n"
