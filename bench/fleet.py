"""1, 50 and 200 virtual Feathers on one Mosquitto: what arrives, what is lost, and what it takes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.board import settings, write_flash
from bench.broker import Broker
from bench.listener import Listener
from bench.report import Report, Table, progress, ratio
from bench.system import ROOT, versions

_SIZES = (1, 50, 200)
_WINDOW_S = 20.0
_SETTLE_S = 10.0
_UP_S = 120.0
_EVERY_S = 5
_STATS_S = 10
_SYS_S = 4.0  # longer than the broker's sys_interval
_SENSORS = [{"driver": "tsl2561", "every_s": _EVERY_S}]
_RECEIVED = "$SYS/broker/publish/messages/received"
_RETAINED = ("status/", "fault/", "stats/")
_COUNTS_RETAINED = (2, 0, 15)  # Mosquitto's version from which on its counts have retained messages: its issue 2448
_WILL = b"offline"  # the broker's own message
_METHOD = f"""each board is a process of its own, forked from one, with the default image and a TSL2561 that is
read every {_EVERY_S} s, all on one Mosquitto on loopback, and all are switched on at once. Counted for
{_WINDOW_S:.0f} s, {_SETTLE_S:.0f} s after the last has announced itself. Lost are messages that the broker has received
and this benchmark has not ($SYS, from the first start to the end), and readings that
a node says it has dropped: it keeps each until the broker has acknowledged it. What is missing of the
readings that are due was not taken: a board whose computer gives it no turn for longer than its interval
leaves that reading out. CPU is of one core, memory is proportional (PSS): what processes share is counted
once."""


@dataclass(frozen=True)
class Usage:
    """Of some processes: seconds of CPU so far, bytes of memory."""

    cpu_s: float
    memory: int


@dataclass(frozen=True)
class Result:
    boards: int
    up_s: float  # from the first start to the last announcement
    readings: int
    window_s: float
    broker: Usage  # in the window; memory at its end
    fleet: Usage
    lost: int = 0  # from the start to the end

    @property
    def rate(self) -> float:
        """Readings a second."""
        return self.readings / self.window_s


def _with_children(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(one for child in children for one in _with_children(int(child)))]


def usage(parent: int) -> Usage:
    """What a process and its children have used."""
    ticks = memory = 0
    for pid in _with_children(parent):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            ticks += int(fields[11]) + int(fields[12])  # utime, stime: proc(5), counted from the state
            memory += int(rollup.partition("\nPss:")[2].split()[0]) << 10
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), memory)


def _lost(listener: Listener, version: str) -> int:
    """Messages that the broker of that version has received and not delivered, and readings that nodes have dropped."""
    counts = {one.topic: int(one.payload) for one in listener.of("$SYS/")}
    left_out = ("$",) if tuple(map(int, version.split("."))) >= _COUNTS_RETAINED else ("$", *_RETAINED)
    heard = sum(not one.topic.startswith(left_out) and one.payload != _WILL for one in listener.of(""))
    stats = {one.topic: json.loads(one.payload) for one in listener.of("stats/")}
    return counts[_RECEIVED] - heard + sum(one["dropped"] for one in stats.values())


def _measure(boards: int, folder: Path) -> Result:
    with Broker() as broker, Listener(broker.port, "#", _RECEIVED) as listener:
        write_flash(folder / "first", settings(broker.port, client_id=None, stats_s=_STATS_S, sensors=_SENSORS))
        states = [folder / str(number) for number in range(boards)]
        for state in states:
            state.mkdir()
            shutil.copyfile(folder / "first" / "flash.bin", state / "flash.bin")
        start = time.monotonic()
        with running(states) as nursery:
            up = wait_for_all(listener, boards, start)
            time.sleep(_SETTLE_S)
            result = _count(listener, broker.pid, nursery, boards, up)
        time.sleep(_SYS_S)  # until the broker has published its counts
        return replace(result, lost=_lost(listener, broker.version))


@contextlib.contextmanager
def running(states: list[Path]) -> Iterator[int]:
    """Start all boards together, and end them together; yield the id of their parent process."""
    command = [sys.executable, "-m", "bench.nursery", *map(str, states)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as nursery:
        try:
            yield nursery.pid
        finally:
            nursery.terminate()


def wait_for_all(listener: Listener, boards: int, start: float) -> float:
    """Seconds until every board has announced itself."""
    while True:
        announced = {message.topic: message.at for message in listener.of("connect/")}
        if len(announced) == boards:
            return max(announced.values()) - start
        assert time.monotonic() - start < _UP_S, f"{len(announced)} of {boards} boards have announced themselves"
        time.sleep(0.2)


def _count(listener: Listener, broker: int, nursery: int, boards: int, up_s: float) -> Result:
    """Count readings and usage during the window."""
    before = usage(broker), usage(nursery)
    since = time.monotonic()
    time.sleep(_WINDOW_S)
    until = time.monotonic()
    after = usage(broker), usage(nursery)
    readings = [one for kind in ("sensors/", "late/") for one in listener.of(kind) if since <= one.at < until]
    used = [Usage(new.cpu_s - old.cpu_s, new.memory) for old, new in zip(before, after, strict=True)]
    return Result(boards, up_s, len(readings), until - since, *used)


def _table(results: list[Result]) -> Table:
    header = ["boards", "all up", "readings/s", "due", "lost", "broker CPU", "broker", "boards' CPU", "a board"]
    table = Table(header)
    for one in results:
        table.add(
            one.boards,
            f"{one.up_s:.1f} s",
            f"{one.rate:.1f}",
            f"{one.boards / _EVERY_S:g}",
            one.lost,
            f"{100 * one.broker.cpu_s / one.window_s:.1f} %",
            f"{one.broker.memory / 2**20:.1f} MiB",
            f"{100 * one.fleet.cpu_s / one.window_s:.0f} %",
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
        f"{large.boards} boards: {large.rate:.0f} readings a second of {large.boards / _EVERY_S:g}, {large.lost} lost",
        f"{large.boards / small.boards:g}x the boards: {ratio(large.rate, small.rate)} the readings, "
        f"{ratio(large.broker.cpu_s, small.broker.cpu_s)} the broker's CPU, "
        f"{ratio(large.fleet.cpu_s, small.fleet.cpu_s)} the boards' CPU",
    ]
    return report
