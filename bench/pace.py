"""The chip's pace: fits the model of virtual_feather/processor/pace.py to published measurements, and checks it.

Programs: bench/device/pace. Figures and their sources: bench/pace.toml.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from bench.board import Feather
from bench.report import Report, Table, progress
from bench.system import ROOT, versions
from virtual_feather.processor.pace import KINDS

_FOLDER = ROOT / "bench" / "device" / "pace"
_LONGEST_S = 600
_BASE_NS = 200  # more than a branch takes here, so that the board's clock never waits for this computer
_MORE_NS = 500
_METHOD = """a virtual Feather with --chip-speed and a fast clock; each program prints what it took by the board's own
clock. The coefficients are fitted to the rows marked so (least squares of the relative errors), the others were
not used."""


@dataclass(frozen=True)
class Measured:
    """A published measurement on an ESP8266 at 80 MHz, and the program that does the same work."""

    name: str
    source: str  # who, with which version of MicroPython, where
    seconds: float
    use: str  # fit or check
    share: float  # part of the work that is run here
    program: str  # source

    @property
    def us(self) -> float:
        """Microseconds that the chip took for the part of the work that is run here."""
        return self.seconds * self.share * 1e6


def measured() -> list[Measured]:
    """The rows of pace.toml."""
    found = []
    for source in tomllib.loads((ROOT / "bench" / "pace.toml").read_text())["source"]:
        where = f"{source['name']}, {source['version']}"
        for name, row in source["programs"].items():
            program = (_FOLDER / f"{row['program']}.py").read_text()
            for word, value in row.get("with", {}).items():
                program = re.sub(rf"^{re.escape(word)} = .*", f"{word} = {value}", program, flags=re.MULTILINE)
                program = program.replace(f" {word} ", f" {value} ")
            found.append(Measured(name, where, row["seconds"], row["use"], row.get("share", 1.0), program))
    return found


def times(rows: list[Measured], ns_per_branch: tuple[int, ...]) -> list[int]:
    """Microseconds that each program takes, by the clock of a board with these times per branch."""
    program = f"""import sys
from virtual_feather import __main__
from virtual_feather.processor import pace
pace.NS_PER_BRANCH = {ns_per_branch}
sys.exit(__main__.main())"""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Feather(Path(folder, "board"), "--chip-speed", "--fast", program=("-c", program)) as board,
    ):
        repl = SerialTransport(board.path)
        for row in rows:
            progress(f"pace: {row.name}")
            repl.enter_raw_repl()
            output, error = repl.exec_raw(row.program, timeout=_LONGEST_S)
            assert not error, error
            found.append(int(output))
            repl.exit_raw_repl()
        repl.close()
    return found


def branches(rows: list[Measured]) -> list[list[float]]:
    """How many branches of each of KINDS each program takes."""
    count = len(KINDS)
    base = times(rows, (_BASE_NS,) * count)
    more = [times(rows, tuple(_BASE_NS + _MORE_NS * (kind == i) for i in range(count))) for kind in range(count)]
    return [[(column[i] - us) * 1000 / _MORE_NS for column in more] for i, us in enumerate(base)]


def fit(rows: list[list[float]], us: list[float]) -> list[float]:
    """Nanoseconds of each kind of branch, so that the sum of the squares of the relative errors is least."""
    scaled = [[branches / 1000 / took for branches in row] for row, took in zip(rows, us, strict=True)]
    size = len(rows[0])
    left = [[sum(row[i] * row[j] for row in scaled) for j in range(size)] for i in range(size)]
    return _solved(left, [sum(row[i] for row in scaled) for i in range(size)])


def _solved(left: list[list[float]], right: list[float]) -> list[float]:
    """Solve by Gauss-Jordan elimination; the matrix is symmetric and positive definite."""
    rows = [[*row, value] for row, value in zip(left, right, strict=True)]
    for i, pivot in enumerate(rows):
        pivot[:] = [value / pivot[i] for value in pivot]
        for j, row in enumerate(rows):
            if j != i:
                row[:] = [value - row[i] * above for value, above in zip(row, pivot, strict=True)]
    return [row[-1] for row in rows]


def run() -> Report:
    """Fit again, and compare the model that is in use with every row."""
    rows = measured()
    counts = branches(rows)
    used = [i for i, row in enumerate(rows) if row.use == "fit"]
    fitted = fit([counts[i] for i in used], [rows[i].us for i in used])
    table = Table(["program", "by", "chip", "model", "error", "used for"])
    errors: dict[str, list[float]] = {"fit": [], "check": []}
    for row, us in zip(rows, times(rows, tuple(kind.ns for kind in KINDS)), strict=True):
        error = us / row.us - 1
        errors[row.use].append(abs(error))
        model = us / row.share / 1e6
        table.add(row.name, row.source, f"{row.seconds:.2f} s", f"{model:.2f} s", f"{error:+.0%}", row.use)
    headlines = [
        f"largest error: {max(errors['check']):.0%} of those for the check, {max(errors['fit']):.0%} of the fitted"
    ]
    coefficients = Table(["branches of", "in use", "fitted now"])
    for kind, ns in zip(KINDS, fitted, strict=True):
        coefficients.add(kind.name, f"{kind.ns} ns", f"{ns:.0f} ns")
    return Report("pace", "The chip's pace", _METHOD, headlines, [table, coefficients], versions=versions())


if __name__ == "__main__":
    print(run().text())
