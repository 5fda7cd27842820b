"""How a node starts when something is wrong with its settings, its library or its last run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from boards import ROOT, RunningBoard
from nodes import Broker, Node, config_for, write_flash
from waits import wait_for

# Appended to boot.py: three seconds after its start the reading of the sensors never returns.
_HANG = """
import asyncio, time
from node import sensors

async def hang(*_):
    await asyncio.sleep_ms(3000)
    while True:
        time.sleep_ms(50)

sensors.run = hang
"""


def _spells(board: RunningBoard, code: int) -> None:
    """Check that the LED shows the code within half a minute of the board's time."""
    for _ in range(60):
        if board.ctl("led").endswith(f"fault {code}"):
            return
        board.skip(0.5)
    pytest.fail(f"the LED does not show fault {code} but:\n{board.ctl('led')}")


def _says(board: RunningBoard, sentence: str) -> None:
    """Start the node from the prompt: it prints the sentence, and returns to the prompt at once."""
    wait_for(lambda: not board.ctl("led").endswith("off"), "a node that runs")
    with board.console() as console:
        console.prompt()
        console.send(b"\x04")
        console.read_until(sentence.encode() + b"\r\n")
        console.prompt()
        assert console.type("6*7").strip() == "42"


def test_a_wrong_setting(tmp_path: Path, boards: Callable[..., RunningBoard], broker: Broker) -> None:
    sentence = "pins.run_app must be one of 4, 5, 12, 13, 14"
    write_flash(tmp_path / "n1", config_for(broker, pins={"run_app": 16}))
    board = boards("n1")
    fault = broker.wait("fault/n1")
    assert fault.json == {"code": 8, "name": "config", "detail": sentence}
    assert not broker.of("sensors/n1/lux")
    _spells(board, 8)
    _says(board, sentence)


def test_no_settings(tmp_path: Path, boards: Callable[..., RunningBoard]) -> None:
    write_flash(tmp_path / "n1", None)
    board = boards("n1")
    _spells(board, 8)
    _says(board, "config.json is missing: ./bootstrap.sh makes it")


def test_settings_that_are_no_json(tmp_path: Path, boards: Callable[..., RunningBoard]) -> None:
    write_flash(tmp_path / "n1", "{")
    _says(
        boards("n1"), "config.json is not JSON: line 1, column 2: the end of the text instead of a key in double quotes"
    )


def test_no_library(boards: Callable[..., RunningBoard]) -> None:
    board = boards("feather")
    with board.console() as console:
        console.prompt()  # its first start has made a file system
    board.put("/main.py", (ROOT / "firmware" / "main.py").read_bytes())
    _spells(board, 3)
    _says(board, "A library is missing on the board: no module named 'node'. "
                 "Upload firmware/lib again (flash.sh does), then Ctrl-D.")  # fmt: skip


def test_a_coroutine_that_never_returns(node: Callable[..., Node]) -> None:
    feather = node()
    feather.board.put("/boot.py", (ROOT / "firmware" / "boot.py").read_text() + _HANG)
    for crashes in (1, 2, 3):
        feather.board.ctl("clock", 13)
        fault = feather.fault(6, feather.broker.count)
        since = feather.broker.messages.index(fault)
        stats = feather.comes("stats", since=since).json
        assert stats["reset"] == "watchdog: sensors"
        if crashes < 3:
            assert fault.json["detail"] == "watchdog: sensors"
    assert fault.json["detail"] == "safe start after 3 crashes: watchdog: sensors"
    _spells(feather.board, 6)
    resets = feather.board.status()["resets"]
    assert not feather.broker.of("sensors/n1/lux", since)
    with feather.board.console() as console:
        console.prompt()
    # A user's reset is no crash: the next start is an ordinary one.
    feather.board.put("/boot.py", (ROOT / "firmware" / "boot.py").read_text())
    feather.reading(since=feather.broker.count)
    assert resets >= 4


# A user's change of main.py: a coroutine of their own, in the row that main.py has as a comment.
_MINE = """
runs = 0


async def mine(outbox):
    global runs
    import asyncio

    runs += 1
    await asyncio.sleep(3)
    outbox.put(0, 1000 + runs)
    if runs == 1:
        raise ValueError("mine")
    await asyncio.Event().wait()  # shows no life any more
"""


def _with_row(text: str) -> str:
    """main.py with that coroutine before make(), and its row in the table."""
    row = '        # ("mine", 30, function, argument),'
    assert text.count(row) == 1
    text = text.replace(row, '        ("mine", 5, mine, outbox),\n' + row)
    return text.replace("\n\ndef make():", f"\n{_MINE}\n\ndef make():")


def test_a_coroutine_of_ones_own(tmp_path: Path, boards: Callable[..., RunningBoard], broker: Broker) -> None:
    """It runs beside the others; when it crashes, the fault has its name and it is started again; it is watched too."""
    write_flash(tmp_path / "n1", config_for(broker), main=_with_row)
    feather = Node(boards("n1"), broker, "n1", 0.0)
    assert broker.wait("sensors/n1/lux", want=lambda message: message.number == 1001), "it runs"
    assert feather.fault(6).json["detail"] == "mine: ValueError('mine',)"
    assert broker.wait("sensors/n1/lux", want=lambda message: message.number == 1002), "it is started again"
    assert feather.reading(since=broker.count).number == pytest.approx(250, abs=5), "and the others run on"
    feather.board.ctl("clock", 20)
    assert broker.wait("stats/n1", want=lambda message: message.json["reset"] == "watchdog: mine"), "it is supervised"
