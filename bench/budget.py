"""What the node may cost in heap: python -m bench.budget [--write]

Measures on virtual Feathers, in the chip's own bytes: what each module retains, and what the whole node leaves free
on each image (bench/memory.py). Compares with the limits in budget.toml. --write sets them to what is measured; of the
whole node a little below, for it differs from run to run. Standard output: a line for each limit that is not kept.
Exit status: 0 all are kept, 1 some are not.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from bench import memory, modules
from host.image.images import LAYOUTS

FILE = Path(__file__).with_name("budget.toml")
_DIFFERS = 512  # bytes, from run to run: it depends on what happens at the same moment
_HEAD = """\
# Checked by ./test.sh. To set it anew: .venv/bin/python -m bench.budget --write; say in the commit what it pays for.
# Bytes of the chip's heap, of which 38,016 can be used.

# What the whole node leaves free at least: in steady state, and at any moment.
[free]
{free}
# What a module retains at most: as .mpy on a file system, and from ROMFS.
[modules]
{modules}"""
Bytes = dict[str, dict[str, int]]  # image: "steady", "least"; module: form


def measure_modules() -> Bytes:
    """Bytes that each module retains in each form."""
    costs = {form: modules.measure(form) for form in modules.FORMS}
    return {name: {form: costs[form][name] for form in costs} for name in costs["mpy"]}


def measure_free(image: str) -> dict[str, int]:
    """Bytes that the whole node leaves free, in a run in which nothing fails."""
    heap = memory.measure(image)
    assert not heap.failed, f"the node on the image {image} fails at: {', '.join(heap.failed)}"
    return {"steady": heap.steady, "least": heap.worst}


def load(file: Path = FILE) -> tuple[Bytes, Bytes]:
    """The limits: of the whole node, of the modules."""
    content = tomllib.loads(file.read_text())
    return content["free"], content["modules"]


def text(free: Bytes, costs: Bytes) -> str:
    """The file with these limits."""
    less = {image: {when: max(0, left - _DIFFERS) for when, left in row.items()} for image, row in free.items()}
    return _HEAD.format(free=_rows(less), modules=_rows(costs))


def _rows(table: Bytes) -> str:
    return "".join(
        f'"{name}" = {{ {", ".join(f"{key} = {value}" for key, value in row.items())} }}\n'
        for name, row in sorted(table.items())
    )


def over(costs: Bytes, limits: Bytes) -> list[str]:
    """A message for each module that is over its limit or has none, and for each limit without a module."""
    found = [f"{name} has no limit in {FILE.name}" for name in costs.keys() - limits.keys()]
    found += [f"{name} has a limit in {FILE.name}, but is no module" for name in limits.keys() - costs.keys()]
    for name in costs.keys() & limits.keys():
        for form, cost in costs[name].items():
            if more := max(0, cost - limits[name][form]):
                found.append(f"{name} retains {cost} bytes of heap as {form}, {more} more than it may")
    return sorted(found)


def under(free: Bytes, limits: Bytes) -> list[str]:
    """A message for each image on which the node leaves too little."""
    return [
        f"the node leaves {left} bytes of heap on the image {image} ({when}), {limits[image][when] - left} too few"
        for image, row in free.items()
        for when, left in row.items()
        if left < limits[image][when]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.budget", description="Check what the node costs in heap.")
    parser.add_argument("--write", action="store_true", help="set the limits to what is measured, and a little more")
    write = parser.parse_args().write
    free, costs = {image: measure_free(image) for image in LAYOUTS}, measure_modules()
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
