"""What the node may cost in heap: python -m bench.budget [--write]

Measures every module as it goes on a board, on the 64-bit interpreter, and what the whole node leaves free on each
image, estimated for 32 bits (bench/bench.sh memory gets what that needs). Compares with the limits in budget.toml.
--write sets the limits to what is measured and a little more. Standard output: a line for each limit that is not kept.
Exit status: 0 all are kept, 1 some are not, 3 this computer lacks something.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from bench import modules, node32
from bench.interpreters import have32
from host.image.images import LAYOUTS

FILE = Path(__file__).with_name("budget.toml")
FORMS = ("mpy", "romfs")
_MARGIN, _GRAIN = 0.02, 64  # what --write leaves of a module, and the bytes it rounds to
_FREE_MARGIN = 512  # and of the whole node: its figure differs by 200 bytes from run to run
_HEAD = """\
# Checked by ./test.sh. To set it anew: .venv/bin/python -m bench.budget --write; say in the commit what it pays for.

# Bytes of the chip's 38,912 that the whole node leaves free on an image at least, estimated for 32 bits.
[free]
{free}
# Bytes that a module retains on the 64-bit interpreter at most: as .mpy on a file system, and from ROMFS.
[modules]
{modules}"""
Costs = dict[str, dict[str, int]]  # module: form: bytes
Free = dict[str, int]  # image: bytes


def measure() -> Costs:
    """What each module retains in each of FORMS."""
    costs = {form: modules.measure(form, 64) for form in FORMS}
    return {name: {form: costs[form][name] for form in FORMS} for name in costs[FORMS[0]]}


def measure_free(image: str) -> int:
    """What the whole node leaves."""
    return node32.measure(image).free


def load(file: Path = FILE) -> tuple[Free, Costs]:
    """The limits."""
    content = tomllib.loads(file.read_text())
    return content["free"], content["modules"]


def text(free: Free, costs: Costs) -> str:
    """The file with limits a little beside these."""
    rows = [
        f'"{name}" = {{ {", ".join(f"{form} = {_above(cost[form])}" for form in FORMS)} }}\n'
        for name, cost in sorted(costs.items())
    ]
    return _HEAD.format(
        free="".join(f"{image} = {left - _FREE_MARGIN}\n" for image, left in free.items()), modules="".join(rows)
    )


def _above(cost: int) -> int:
    return -int(-cost * (1 + _MARGIN) // _GRAIN) * _GRAIN


def over(costs: Costs, limits: Costs) -> list[str]:
    """Each module that is over its limit, has none, or is gone."""
    found = [f"{name} has no limit in {FILE.name}" for name in costs.keys() - limits.keys()]
    found += [f"{name} has a limit in {FILE.name}, but is no module" for name in limits.keys() - costs.keys()]
    for name in costs.keys() & limits.keys():
        for form in FORMS:
            cost, limit = costs[name][form], limits[name][form]
            if cost > limit:
                found.append(f"{name} retains {cost} bytes of heap as {form}, {cost - limit} more than it may")
    return sorted(found)


def under(free: Free, limits: Free) -> list[str]:
    """Each image on which the node leaves too little."""
    return [
        f"the node leaves {free[image]} bytes of heap on the image {image}, {limit - free[image]} too few"
        for image, limit in limits.items()
        if free[image] < limit
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.budget", description="Check what the node costs in heap.")
    parser.add_argument("--write", action="store_true", help="set the limits to what is measured, and a little more")
    write = parser.parse_args().write
    if not have32():
        print("MicroPython with 32-bit words is not here: bench/bench.sh memory gets it", file=sys.stderr)
        return 3
    free, costs = {image: measure_free(image) for image in LAYOUTS}, measure()
    if write:
        FILE.write_text(text(free, costs))
        return 0
    limit_free, limits = load()
    found = under(free, limit_free) + over(costs, limits)
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
