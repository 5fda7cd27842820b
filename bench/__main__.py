"""Benchmarks: python -m bench [--write] [NAME...]; see bench/bench.sh --help."""

from __future__ import annotations

import argparse
import importlib

from bench.report import load, page, progress
from bench.system import ROOT, machine

NAMES = ("memory", "session", "deploy", "start", "fleet", "storm")
_PAGE = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    """Run the chosen benchmarks, print their results, and with --write write the page."""
    parser = argparse.ArgumentParser("bench/bench.sh")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md from the latest results")
    args = parser.parse_args()
    unknown = set(args.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown benchmark {', '.join(unknown)}: there are {', '.join(NAMES)}")
    for name in args.names or NAMES:
        progress(f"{name} ...")
        report = importlib.import_module(f"bench.{name}").run()
        report.save()
        print(report.text(), flush=True)
    if args.write:
        page(_PAGE, [report for name in NAMES if (report := load(name))], machine())


if __name__ == "__main__":
    main()
