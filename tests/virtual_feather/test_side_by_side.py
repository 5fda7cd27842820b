"""Many boards on one computer, each with a path, a state and a radio of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from boards import RunningBoard

_BOARDS = 20


def _mac(board: RunningBoard) -> str:
    """The board's MAC by its own prompt."""
    with board.console() as console:
        console.prompt()
        return console.run("import network\nprint(network.WLAN().config('mac').hex())").strip()


def test_twenty_boards(boards: Callable[..., RunningBoard]) -> None:
    with ThreadPoolExecutor(_BOARDS) as pool:
        started = list(pool.map(lambda i: boards(f"feather{i}"), range(_BOARDS)))
        macs = list(pool.map(_mac, started))
    assert len(set(macs)) == _BOARDS
    assert macs == [board.status()["mac"] for board in started]
    assert len({os.path.realpath(board.link) for board in started}) == _BOARDS


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
