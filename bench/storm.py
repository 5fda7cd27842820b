"""What many boards do when their broker fails: one Mosquitto, or a cluster of three RabbitMQ (docs/cluster.md)."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.board import settings, write_flash
from bench.broker import Broker
from bench.cluster import PASSWORD, PORTS, PROGRAMS, Cluster
from bench.fleet import running, usage, wait_for_all
from bench.listener import Listener
from bench.report import Report, Table, progress
from bench.system import versions

_AT_MOSQUITTO = 200  # as many as Fleet has at most: all of them come back at once
_AT_RABBITMQ = 12  # four at each of the three: their way to another broker is the question there, not the crowd
_EVERY_S = 5
_DOWN_S = 10.0
_WINDOW_S = 30.0  # watched before, and after all are back
_BACK_S = 300.0
_STATS_S = 10
_EVERYBODY = """. docs/cluster/env.sh 1 /tmp/cluster
rabbitmqctl add_user people PASSWORD
rabbitmqctl set_permissions people '.*' '.*' '.*'"""
_METHOD = f"""{_AT_MOSQUITTO} boards at Mosquitto, {_AT_RABBITMQ} at the cluster, as in Fleet, each with a TSL2561 that
is read every {_EVERY_S} s. After {2 * _WINDOW_S:.0f} s the broker is killed (SIGKILL). Mosquitto is started again after
{_DOWN_S:.0f} s; of the cluster one of three stays away, which has the connections of a third of its boards. Back: from
the start of the broker, or the death of one of the cluster, until the last board that had lost its connection is
online. Attempts: connections that Mosquitto took. Heard: readings, live and late, of those that are due, by a
subscriber that connects anew as the boards do; a reading that Mosquitto has acknowledged and not delivered yet goes
with it, for it keeps nothing here. CPU of one core: the broker's, before."""


@dataclass(frozen=True)
class Trial:
    """A broker, its boards, and how it is killed."""

    name: str
    listener: Listener
    states: list[Path]
    pids: list[int]  # of the broker
    breaks: Callable[[], float]  # kills the broker; returns time.monotonic() when a broker was there again
    lost: int  # boards that lose their connection
    attempts: Callable[[], Counter[int]] = Counter  # connections since the broker was there again, by the second


@dataclass(frozen=True)
class Result:
    name: str
    boards: int
    back_s: float
    attempts: int
    most: int  # attempts in one second
    heard: int
    due: float
    dropped: int
    cpu: float  # of one core, before


def _boards(count: int, folder: Path, servers: list[list[str]], **mqtt: object) -> list[Path]:
    """Make the boards' state folders, and return them; servers: mqtt.server of the boards in turn."""
    states = [folder / str(number) for number in range(count)]
    for i, server in enumerate(servers):
        config = settings(1883, client_id=None, stats_s=_STATS_S, sensors=[{"driver": "tsl2561", "every_s": _EVERY_S}])
        config["mqtt"] |= {"server": server, **mqtt}
        write_flash(folder / f"first-{i}", config)
    for number, state in enumerate(states):
        state.mkdir()
        shutil.copyfile(folder / f"first-{number % len(servers)}" / "flash.bin", state / "flash.bin")
    return states


def _announced(listener: Listener, since: float) -> dict[str, float]:
    """When each board's status was last heard as online, from the board or retained by the broker; by its topic."""
    return {one.topic: one.at for one in listener.of("status/") if one.at >= since and one.payload == b"online"}


def _measure(trial: Trial) -> Result:
    listener = trial.listener
    boards = len(trial.states)
    start = time.monotonic()
    with running(trial.states):
        wait_for_all(listener, boards, start)
        time.sleep(_WINDOW_S)
        begin, before = time.monotonic(), sum(usage(pid).cpu_s for pid in trial.pids)
        time.sleep(_WINDOW_S)
        cpu = (sum(usage(pid).cpu_s for pid in trial.pids) - before) / _WINDOW_S
        killed = time.monotonic()
        up = trial.breaks()
        while len(back := _announced(listener, killed)) < trial.lost:
            assert time.monotonic() - up < _BACK_S, f"{len(back)} of {trial.lost} boards are back"
            time.sleep(0.2)
        counts = trial.attempts()
        time.sleep(_WINDOW_S)
        end = time.monotonic()
        heard = sum(begin <= one.at < end for kind in ("sensors/", "late/") for one in listener.of(kind))
        stats = {one.topic: json.loads(one.payload) for one in listener.of("stats/")}
    dropped = sum(one["dropped"] for one in stats.values())
    due = (end - begin) * boards / _EVERY_S
    most = max(counts.values(), default=0)
    return Result(trial.name, boards, max(back.values()) - up, counts.total(), most, heard, due, dropped, cpu)


def _on_mosquitto() -> Result:
    with _folder() as folder, Broker(log=folder / "log") as broker, Listener(broker.port, "#") as listener:

        def breaks() -> float:
            broker.kill()
            before[0] = (folder / "log").stat().st_size
            time.sleep(_DOWN_S)
            broker.start()
            return time.monotonic()

        def attempts() -> Counter[int]:
            lines = (folder / "log").read_text()[before[0] :].splitlines()
            return Counter(int(line.split(":")[0]) for line in lines if ": New connection from" in line)

        before = [0]

        states = _boards(_AT_MOSQUITTO, folder, [[f"127.0.0.1:{broker.port}"]])
        return _measure(Trial("Mosquitto", listener, states, [broker.pid], breaks, _AT_MOSQUITTO, attempts))


def _on_rabbitmq() -> Result:
    with _folder() as folder, Cluster(folder / "cluster") as cluster:
        cluster.run(_EVERYBODY)
        addresses = [f"127.0.0.1:{port}" for port in PORTS]
        orders = [[*addresses[i:], *addresses[:i]] for i in range(3)]
        states = _boards(_AT_RABBITMQ, folder, orders, user="people", password=PASSWORD)
        with Listener(PORTS[2], "#", user="people", password=PASSWORD) as listener:

            def breaks() -> float:
                cluster.kill(1)
                return time.monotonic()

            lost = len(range(0, _AT_RABBITMQ, 3))
            return _measure(Trial("3 RabbitMQ, one killed", listener, states, cluster.pids, breaks, lost))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def run() -> Report:
    """Measure each broker that is installed."""
    results = []
    for measure in (_on_mosquitto, *([_on_rabbitmq] if PROGRAMS.is_dir() else [])):
        progress(f"storm: {measure.__name__.removeprefix('_on_')}")
        results.append(measure())
    header = ["broker", "boards", "all back", "attempts", "most a second", "heard", "due", "dropped", "broker CPU"]
    table = Table(header)
    for one in results:
        counted = (one.attempts, one.most) if one.attempts else ("-", "-")
        cells = (f"{one.back_s:.1f} s", *counted, one.heard, f"{one.due:.0f}", one.dropped, f"{100 * one.cpu:.0f} %")
        table.add(one.name, one.boards, *cells)
    title = "Storm: the broker of many boards goes"
    with Broker() as broker:
        report = Report("storm", title, _METHOD, tables=[table], versions=versions(("mosquitto", broker.version)))
    first = results[0]
    report.headlines = [
        f"{first.boards} boards are back {first.back_s:.0f} s after their broker, with {first.attempts} attempts, "
        f"at most {first.most} a second; {first.dropped} readings dropped"
    ]
    return report
