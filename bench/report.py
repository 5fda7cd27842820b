"""The results of a benchmark: tables, for the terminal and for docs/benchmarks.md."""

from __future__ import annotations

import datetime
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.system import ROOT

RESULTS = ROOT / "build" / "bench" / "results"


def progress(text: str) -> None:
    """Show the user at the terminal what is running."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class Table:
    """Rows of text under a header; the first column is left-aligned."""

    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    title: str = ""

    def add(self, *cells: object) -> None:
        self.rows.append([str(cell) for cell in cells])

    def text(self) -> str:
        """The table for a terminal."""
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        made = [
            "  ".join(f"{cell:<{width}}" if i == 0 else f"{cell:>{width}}" for i, (cell, width) in enumerate(pairs))
            for pairs in (list(zip(line, widths, strict=True)) for line in lines)
        ]
        return "\n".join([*([self.title] if self.title else []), made[0], "-" * len(made[0]), *made[1:]])

    def markdown(self) -> str:
        """The table for a page."""
        rule = ["---"] + ["---:"] * (len(self.header) - 1)
        lines = ["| " + " | ".join(cells) + " |" for cells in (self.header, rule, *self.rows)]
        return "\n".join([*([f"**{self.title}**", ""] if self.title else []), *lines])


@dataclass
class Report:
    """One benchmark: its headlines, its method, its tables, and the versions it ran with."""

    name: str
    title: str
    method: str
    headlines: list[str] = field(default_factory=list)  # ratios and bounds
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    date: str = field(default_factory=lambda: datetime.date.today().isoformat())

    def text(self) -> str:
        parts = [f"{self.title} ({self.date})", *self.headlines, "", *(table.text() + "\n" for table in self.tables)]
        return "\n".join([*parts, *self.notes])

    def markdown(self) -> str:
        """A section of docs/benchmarks.md."""
        lines = [f"## {self.title}", ""]
        for table in self.tables:
            lines += [table.markdown(), ""]
        lines += [f"Method: {self.method}", ""]
        for note in self.notes:
            lines += [note, ""]
        with_what = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return "\n".join([*lines, f"Measured on {self.date} with {with_what}.", ""])

    def save(self) -> None:
        """Keep the result for the page."""
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=1))


def load(name: str) -> Report | None:
    """The latest result of a benchmark."""
    file = RESULTS / f"{name}.json"
    if not file.exists():
        return None
    fields = json.loads(file.read_text())
    fields["tables"] = [Table(**table) for table in fields["tables"]]
    return Report(**fields)


def ratio(ours: float, theirs: float) -> str:
    """How many times as much, as "2.5x"; "-" when `theirs` is 0, too little to measure."""
    if not theirs:
        return "-"
    value = ours / theirs
    return f"{value:.0f}x" if value >= 10 else f"{value:.2g}x"


def page(path: Path, reports: list[Report], machine: str) -> None:
    """Write docs/benchmarks.md: first all headlines, then each benchmark."""
    lines = ["# Benchmarks", "", "`bench/bench.sh` measures this; `bench/bench.sh --write` also writes this page.", ""]
    for report in reports:
        lines += [f"**{report.title}**", "", *(f"- {line}" for line in report.headlines), ""]
    lines += [f"Measured on {machine}.", ""]
    path.write_text("\n".join(lines + [report.markdown() for report in reports]))
