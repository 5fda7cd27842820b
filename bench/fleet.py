"""1, 50 and 200 virtual Feathers on one Mosquitto: what arrives, what is lost, and what it takes."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.board import Feather, settings, write_flash
from bench.broker import Broker
from bench.listener import Listener, Message
from bench.report import Report, Table, progress, ratio
from bench.system import versions

_SIZES = (1, 50, 200)
_WINDOW_S = 30.0
_SETTLE_S = 5.0
_UP_S = 120.0
_EVERY_S = 1.0
_METHOD = f"""each board is a process of its own with the default image and a TSL2561 that is read every second,
all on one Mosquitto on loopback. Counted for {_WINDOW_S:.0f} s, {_SETTLE_S:.0f} s after the last has announced
itself. A reading is lost when the time between two of a board has room for it, late/ ones included. CPU is of
one core, memory is proportional (PSS): what processes share is counted once."""


@dataclass(frozen=True)
class Usage:
    """Of some processes: seconds of CPU so far, bytes."""

    cpu_s: float
    memory: int


@dataclass(frozen=True)
class Result:
    boards: int
    up_s: float  # from the first start to the last announcement
    readings: int
    lost: int
    broker: Usage  # in the window; memory at its end
    fleet: Usage


def _with_children(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(one for child in children for one in _with_children(int(child)))]


def _usage(pids: list[int]) -> Usage:
    """What these processes and their children have used."""
    ticks = memory = 0
    for pid in (one for parent in pids for one in _with_children(pid=parent)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            ticks += int(fields[11]) + int(fields[12])  # utime, stime: proc(5), counted from the state
            memory += int(rollup.partition("\nPss:")[2].split()[0]) << 10
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), memory)


def _lost(readings: list[Message]) -> int:
    """Readings that are missing between those that came."""
    by_topic: dict[str, list[float]] = defaultdict(list)
    for message in readings:
        by_topic[message.topic].append(message.at)
    gaps = [later - at for times in by_topic.values() for at, later in pairwise(times)]
    return sum(round(gap / _EVERY_S) - 1 for gap in gaps if gap > 1.5 * _EVERY_S)


def _measure(boards: int, folder: Path) -> Result:
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker())
        listener = stack.enter_context(Listener(broker.port))
        write_flash(folder / "first", settings(broker.port, client_id=None))
        fleet = []
        for number in range(boards):
            state = folder / str(number)
            state.mkdir()
            shutil.copyfile(folder / "first" / "flash.bin", state / "flash.bin")
            fleet.append(Feather(state))
        start = time.monotonic()
        with _running(fleet):
            up = _wait_for_all(listener, boards, start)
            time.sleep(_SETTLE_S)
            return _count(listener, broker.pid, [feather.process.pid for feather in fleet], up)


@contextlib.contextmanager
def _running(fleet: list[Feather]) -> Iterator[None]:
    """All start together, and end together."""
    try:
        for feather in fleet:
            feather.start()
        yield
    finally:
        for feather in fleet:
            feather.stop()
        for feather in fleet:
            feather.wait()


def _wait_for_all(listener: Listener, boards: int, start: float) -> float:
    """Seconds until every board has announced itself."""
    while True:
        announced = {message.topic: message.at for message in listener.of("connect/")}
        if len(announced) == boards:
            return max(announced.values()) - start
        assert time.monotonic() - start < _UP_S, f"{len(announced)} of {boards} boards have announced themselves"
        time.sleep(0.2)


def _count(listener: Listener, broker: int, pids: list[int], up_s: float) -> Result:
    """Watch for the window."""
    before = _usage([broker]), _usage(pids)
    since = time.monotonic()
    time.sleep(_WINDOW_S)
    after = _usage([broker]), _usage(pids)
    until = time.monotonic()
    readings = [one for kind in ("sensors/", "late/") for one in listener.of(kind) if since <= one.at < until]
    used = [Usage(new.cpu_s - old.cpu_s, new.memory) for old, new in zip(before, after, strict=True)]
    return Result(len(pids), up_s, len(readings), _lost(readings), *used)


def _table(results: list[Result]) -> Table:
    header = ["boards", "all up", "readings/s", "of", "lost", "broker CPU", "broker", "boards' CPU", "a board"]
    table = Table(header)
    for one in results:
        table.add(
            one.boards,
            f"{one.up_s:.1f} s",
            f"{one.readings / _WINDOW_S:.1f}",
            f"{one.boards / _EVERY_S:g}",
            one.lost,
            f"{100 * one.broker.cpu_s / _WINDOW_S:.1f} %",
            f"{one.broker.memory / 2**20:.1f} MiB",
            f"{100 * one.fleet.cpu_s / _WINDOW_S:.0f} %",
            f"{one.fleet.memory / one.boards / 2**20:.1f} MiB",
        )
    return table


def run() -> Report:
    """Measure each size."""
    results = []
    for size in _SIZES:
        progress(f"fleet: {size}")
        with tempfile.TemporaryDirectory() as folder:
            results.append(_measure(size, Path(folder)))
    with Broker() as broker:
        found = versions(("mosquitto", broker.version))
    report = Report("fleet", "Fleet: many boards on one broker", _METHOD, tables=[_table(results)], versions=found)
    small, large = results[-2:]
    report.headlines = [
        f"{large.boards} boards: {large.readings / _WINDOW_S:.0f} readings a second, {large.lost} lost",
        f"{large.boards / small.boards:g}x the boards: {ratio(large.readings, small.readings)} the readings, "
        f"{ratio(large.broker.cpu_s, small.broker.cpu_s)} the broker's CPU, "
        f"{ratio(large.fleet.cpu_s, small.fleet.cpu_s)} the boards' CPU",
    ]
    return report
