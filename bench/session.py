"""Publications a second, how long the loop is blocked, a reading's bytes on the wire: for this node and others."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Self

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from bench import peers
from bench.board import Feather, write_files
from bench.broker import Broker
from bench.compiled import compile_tree
from bench.relay import Relay, Traffic
from bench.report import Report, Table, progress, ratio
from bench.system import ROOT, versions

_ROUNDS = 3
_RATE_S = 1
_HOLD_S = 2
_BAD_S = 6  # seconds with a broker that does not work: longer than the 5 after which most clients give up
_LIMIT_S = _BAD_S + 6  # of silence: after that a program counts as hanging
_UP = b"up\r\n"
_JOIN = """import sys, network
sys.path.insert(0, '/rom')  # before what the image has frozen
link = network.WLAN(network.STA_IF)
link.active(True)
if not link.isconnected():
    link.connect('air', '')
while not link.isconnected():
    pass
"""
_READING = len("sensors/bench/lux") + len("250.01")
_FEW, _WIRE = 10, 50  # publications: before counting, counted


@dataclass(frozen=True)
class Client:
    """A client and the program of bench/device that drives it."""

    name: str
    program: str  # module with main(case, port, seconds), or with a class Client for stepwise.main()


CLIENTS = (
    Client("this node", "node_session"),
    Client("chumicro-mqtt 0.30.3", "chumicro"),
    Client("umqtt.simple 1.3.4, one blocking loop", "umqtt_simple"),
    Client("umqtt.simple2 2.2.0", "umqtt_simple2"),
    Client("umqtt.robust2 2.2.0", "umqtt_robust2"),
)
_IDLE = Client("idle", "idle")
HANGS = float("inf")
HOLDS = {  # case: the condition under which the longest block of the loop is measured
    "hold": "loop held, broker well",
    "dead": "never answers",
    "silent": "falls silent",
}
_METHOD = f"""every client runs on the same virtual Feather, with the chip's heap and lwIP but this computer's speed,
compiled to .mpy in its ROMFS, against Mosquitto on loopback, {_ROUNDS} rounds in turns. Rates are
medians. A hold is the longest time in which the rest of the program gets no turn, the lowest of the
rounds, since a busy machine only adds: for a client that is called, the longest call; for this node the
longest time between two turns of another coroutine. "Never answers": TCP is accepted, CONNACK never
comes, for {_BAD_S} s. "Falls silent": from its first publication on nothing passes any more, and one is
tried every 100 ms for {_BAD_S} s. The wire is counted by the kernel (TCP_INFO) at the far end of the
board's gateway: payload bytes and data segments of {_WIRE} publications, without those of the
connection, and without pure ACKs."""


class Runner:
    """Runs the programs on a board, each after a soft reset; all are compiled and in the board's ROMFS."""

    def __init__(self, folder: Path) -> None:
        compiled = folder / "compiled"
        compile_tree(ROOT / "firmware" / "lib", compiled)
        compile_tree(ROOT / "bench" / "device", compiled)
        compile_tree(ROOT / "tests" / "device" / "guarded.py", compiled)
        compile_tree(ROOT / "bench" / "ancestor.py", compiled)
        peers.compile_all(compiled)
        rom = {str(file.relative_to(compiled)): file.read_bytes() for file in compiled.rglob("*.mpy")}
        write_files(folder / "board", {}, rom=rom)
        self._board = Feather(folder / "board")

    def __enter__(self) -> Self:
        self._board.__enter__()
        self._line = SerialTransport(self._board.path, 115200, timeout=0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        self._board.__exit__()

    def run(self, client: Client, case: str, port: int, amount: int, up: Callable[[], None] = lambda: None) -> Any:
        """The result of a case, or HANGS. `up` is called once the client is connected."""
        seen = bytearray()

        def hear(data: bytes) -> None:
            was_up = _UP in seen
            seen.extend(data)
            if _UP in seen and not was_up:
                up()

        self._line.enter_raw_repl()  # stops what hangs
        self._line.exec_raw_no_follow(f"{_JOIN}import {client.program} as m\nm.main{case, port, amount}")
        try:
            _, error = self._line.follow(_LIMIT_S, hear)
        except TransportError:
            return HANGS
        lines = seen.removesuffix(b"\x04").splitlines()
        assert not error and lines, f"{client.name}, {case}: {(seen + error).decode()}"
        return json.loads(lines[-1])


def _rates(runner: Runner, client: Client) -> tuple[float, float]:
    with Broker() as broker:
        qos0, qos1 = runner.run(client, "rate", broker.port, _RATE_S)
    return qos0, qos1


def _hold(runner: Runner, client: Client, case: str) -> float:
    """The longest time that the loop is blocked, in ms."""
    if case == "dead":
        with Relay() as relay:
            return runner.run(client, case, relay.port, _BAD_S)
    with Broker() as broker:
        if case == "hold":
            return runner.run(client, case, broker.port, _HOLD_S)
        with Relay(broker.port) as relay:
            return runner.run(client, case, relay.port, _BAD_S, relay.silence)


def _wire(runner: Runner, client: Client) -> tuple[float, ...]:
    """Bytes out, bytes in, segments out, segments in per publication: the difference of two runs, by their number."""
    found: list[Traffic] = []
    for publications in (_FEW, _FEW + _WIRE):
        with Broker() as broker, Relay(broker.port) as relay:
            runner.run(client, "count", relay.port, publications)
            found.append(relay.traffic())
    return tuple(count / _WIRE for count in astuple(found[1] - found[0]))


def _holds(runner: Runner, client: Client, found: dict[str, float]) -> None:
    """Measure again. The shortest block counts, since a busy machine only adds; a client that hung is not run again."""
    for case in HOLDS:
        if found.get(case) != HANGS:
            found[case] = min(found.get(case, HANGS), _hold(runner, client, case))


def _table(rates: dict[Client, list[tuple[float, float]]], holds: dict[Client, dict[str, float]]) -> Table:
    table = Table(["", "QoS 0 /s", "QoS 1 /s", *HOLDS.values()])
    for client in CLIENTS:
        qos0, qos1 = (statistics.median(column) for column in zip(*rates[client], strict=True))
        table.add(client.name, f"{qos0:,.0f}", f"{qos1:,.0f}", *(_ms(holds[client][case]) for case in HOLDS))
    return table


def _wire_table(wire: dict[Client, tuple[float, ...]]) -> Table:
    table = Table(["", "bytes out", "above topic and payload", "bytes in", "segments out", "segments in"])
    for client, (bytes_out, bytes_in, segments_out, segments_in) in wire.items():
        above = bytes_out - _READING
        table.add(client.name, *(f"{value:g}" for value in (bytes_out, above, bytes_in, segments_out, segments_in)))
    return table


def _ms(hold: float) -> str:
    return "for ever" if hold == HANGS else f"{hold:,.1f} ms" if hold < 100 else f"{hold:,.0f} ms"


def run() -> Report:
    """Measure all clients in one run, in turns."""
    peers.get()
    rates: dict[Client, list[tuple[float, float]]] = {client: [] for client in CLIENTS}
    holds: dict[Client, dict[str, float]] = {client: {} for client in CLIENTS}
    noise = HANGS
    with tempfile.TemporaryDirectory() as folder, Runner(Path(folder)) as runner:
        for turn in range(_ROUNDS):
            noise = min(noise, runner.run(_IDLE, "dead", 0, _HOLD_S))
            for client in CLIENTS:
                progress(f"session: round {turn + 1} of {_ROUNDS}, {client.name}")
                rates[client].append(_rates(runner, client))
                _holds(runner, client, holds[client])
        wire = {client: _wire(runner, client) for client in CLIENTS}
        with Broker() as broker:
            found = versions(*peers.versions().items(), ("mosquitto", broker.version))
    report = Report("session", "Session: publications one at a time", _METHOD, versions=found)
    report.tables = [_table(rates, holds), _wire_table(wire)]
    report.notes = [f"A loop that does nothing was held for {_ms(noise)} in the same run: that is the machine's own."]
    report.headlines = _headlines(rates, holds, wire)
    return report


def _headlines(
    rates: dict[Client, list[tuple[float, float]]],
    holds: dict[Client, dict[str, float]],
    wire: dict[Client, tuple[float, ...]],
) -> list[str]:
    ours, nearest, ancestor = CLIENTS[:3]
    qos1 = {client: statistics.median(rate for _, rate in rates[client]) for client in CLIENTS}
    bytes_out, bytes_in, segments_out, segments_in = wire[ours]

    def held(case: str) -> str:
        mine, near, old = (_ms(holds[client][case]) for client in CLIENTS[:3])
        return f"{mine} ({nearest.name}: {near}, {ancestor.name}: {old})"

    return [
        f"QoS 1, one at a time: {ratio(qos1[ours], qos1[ancestor])} {ancestor.name}, "
        f"{ratio(qos1[ours], qos1[nearest])} {nearest.name}",
        f"loop held, broker well: {held('hold')}",
        f"loop held while the broker accepts and never answers: {held('dead')}",
        f"one reading of QoS 1: {bytes_out - _READING:g} bytes above topic and payload out, {bytes_in:g} in; "
        f"{segments_out:g} TCP segment out, {segments_in:g} in",
    ]
