"""From power-on to the first reading: how long it takes, and which step takes how much."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from bench.board import Feather, settings, write_files, write_flash
from bench.broker import Broker
from bench.holds import holds
from bench.listener import Listener, Message
from bench.relay import Relay
from bench.report import Report, Table, progress, ratio
from bench.system import ROOT, versions
from virtual_feather.control import Command, control

_RUNS = 3
_TIMEOUT_S = 30.0
_POLL_S = 0.005
_GOT_IP = 5  # network.STAT_GOT_IP
_STEPS = ("power-on to the network", "to the TCP connection", "to the announcement", "to the first reading")
_SLEEPS_S = 10  # the shortest there is
_WAKES = {  # what a wake does: `sleep.batch`, whether there is a network
    "reads (TSL2561) and does not send": (2, True),
    "reads and sends": (1, True),
    "finds no network": (1, False),
}
_OPTIONS = ("--paced", "--chip-speed")
_METHOD = f"""a virtual Feather with --paced and --chip-speed: flash, line and processor take the time of real ones, the
processor by a model that errs by a fifth, rather towards too fast (docs/virtual-feather.md, The chip's pace). Medians
of {_RUNS}. Joining the network takes the model's 0.6 s from power-on, since the SDK begins by itself. What a real board
takes before MicroPython starts, a real network to answer and to let it in, comes on top. The ancestor is
bench/ancestor.py, compiled by the board from source as it was, with a reading that takes 450 ms."""


def _node(state: Path, port: int) -> None:
    write_flash(state, settings(port))


def _ancestor(state: Path, port: int) -> None:
    source = (ROOT / "bench" / "ancestor.py").read_bytes()
    write_files(state, {"ancestor.py": source, "main.py": f"import ancestor\nancestor.main({port})\n".encode()})


PROGRAMS: dict[str, Callable[[Path, int], None]] = {"this node": _node, "the ancestor": _ancestor}


def _is_reading(message: Message) -> bool:
    return message.topic.startswith(("sensors/", "late/"))


def _once(write: Callable[[Path, int], None]) -> list[float]:
    """Seconds of each of _STEPS."""
    with tempfile.TemporaryDirectory() as folder, Broker() as broker:
        state = Path(folder, "board")
        with Relay(broker.port) as relay:
            write(state, relay.port)
            with Listener(broker.port) as listener, Feather(state, *_OPTIONS):
                return _differences(_power_on(state, relay, listener))


def _power_on(state: Path, relay: Relay, listener: Listener) -> list[float]:
    """Moments of power-on and of the end of each step. The board has run before, and knows its network."""
    assert listener.wait(_is_reading, _TIMEOUT_S), "there was no reading"
    control(state, Command("power", ["off"]))
    connections, messages = len(relay.accepted), len(listener.messages)
    moments = [time.monotonic()]
    control(state, Command("power", ["on"]))
    while json.loads(control(state, Command("status")))["wifi"] != _GOT_IP:
        time.sleep(_POLL_S)
    moments.append(time.monotonic())
    reading = listener.wait(_is_reading, _TIMEOUT_S, messages)
    announcement = listener.wait(lambda message: message.topic.startswith("connect/"), 0, messages)
    assert reading and announcement, "there was no reading"
    return [*moments, relay.accepted[connections], announcement.at, reading.at]


def _awake(batch: int, network: bool) -> float:
    """Seconds that a node with deep sleep is awake: the median of the wakes that do not send, if there are any."""
    with tempfile.TemporaryDirectory() as folder, Broker() as broker:
        state = Path(folder, "board")
        write_flash(state, settings(broker.port, sleep={"every_s": _SLEEPS_S, "batch": batch}))
        with Feather(state, *_OPTIONS):
            control(state, Command("wire", ["gpio16", "on"]))
            _until(state, running=False)
            if not network:
                control(state, Command("wifi", ["off"]))
            runs = [_wake(state) for _ in range(_RUNS * batch)]
    return min(statistics.median(runs[first::batch]) for first in range(batch))


def _wake(state: Path) -> float:
    _until(state, running=True)
    began = time.monotonic()
    _until(state, running=False)
    return time.monotonic() - began


def _until(state: Path, running: bool) -> None:
    while json.loads(control(state, Command("status")))["running"] != running:
        time.sleep(_POLL_S)


def _differences(moments: list[float]) -> list[float]:
    return [later - at for at, later in pairwise(moments)]


def run() -> Report:
    """Start each program some times."""
    found = {}
    for name, write in PROGRAMS.items():
        progress(f"start: {name}")
        runs = [_once(write) for _ in range(_RUNS)]
        found[name] = [statistics.median(column) for column in zip(*runs, strict=True)]
    totals = {name: sum(steps) for name, steps in found.items()}
    table = Table(["step", *(cell for name in found for cell in (name, "share"))])
    for step, seconds in zip(_STEPS, zip(*found.values(), strict=True), strict=True):
        cells = [(f"{one:.2f} s", f"{one / total:.0%}") for one, total in zip(seconds, totals.values(), strict=True)]
        table.add(step, *(cell for pair in cells for cell in pair))
    table.add("all", *(cell for total in totals.values() for cell in (f"{total:.2f} s", "")))
    awake = Table(["a wake that", "awake"])
    for wake, how in _WAKES.items():
        progress(f"start: a wake that {wake}")
        awake.add(wake, f"{_awake(*how):.1f} s")
    progress("start: holds")
    held = holds()
    steady = sorted(held[2:])
    loop = Table(["the loop is held at most", "for"])
    for when, ms in (
        ("while it starts", max(held[:2])),
        ("in ten seconds, usually", steady[0]),
        ("with statistics", steady[-1]),
    ):
        loop.add(when, f"{ms} ms")
    ours, theirs = totals.values()
    return Report(
        "start",
        "Start: power-on to first reading",
        _METHOD,
        headlines=[f"{ours:.2f} s, {ratio(ours, theirs)} the ancestor's {theirs:.2f} s"],
        tables=[table, awake, loop],
        versions=versions(),
    )
