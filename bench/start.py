"""From power-on to the first reading: how long, and which step takes it."""

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
from bench.listener import Listener, Message
from bench.relay import Relay
from bench.report import Report, Table, progress, ratio
from bench.system import ROOT, versions
from virtual_feather.control import Command, control

_RUNS = 5
_TIMEOUT_S = 30.0
_POLL_S = 0.005
_GOT_IP = 5  # network.STAT_GOT_IP
_STEPS = ("power-on to the network", "to the TCP connection", "to the announcement", "to the first reading")
_METHOD = f"""a virtual Feather with --paced, so that its flash takes the time of a real one; medians of {_RUNS}
power-ons. Its processor is this computer's, dozens of times as fast as an ESP8266 at 80 MHz: what a board adds
is the time for its code, the imports most of all. Joining the network takes the model's 0.6 s from the moment
it is asked to. The ancestor is bench/ancestor.py, compiled by the board from source as it was, with a reading
that takes 450 ms."""


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
            with Listener(broker.port) as listener, Feather(state, "--paced"):
                return _differences(_power_on(state, relay, listener))


def _power_on(state: Path, relay: Relay, listener: Listener) -> list[float]:
    """Moments of power-on and of the end of each step. The board has run before: its network is known."""
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
    ours, theirs = totals.values()
    return Report(
        "start",
        "Start: power-on to first reading",
        _METHOD,
        headlines=[f"{ours:.2f} s, {ratio(ours, theirs)} the ancestor's {theirs:.2f} s"],
        tables=[table],
        versions=versions(),
    )
