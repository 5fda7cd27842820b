"""Drive tests/device/ on MicroPython: one process a file, one pytest item a function."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

# Some measure what holds a loop up, and a busy machine does, too.
pytestmark = pytest.mark.alone

DEVICE = Path(__file__).parent / "device"
MICROPYTHON = os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))
TIMEOUT_S = 120
FILES = sorted(DEVICE.glob("test_*.py"))


def functions(file: Path) -> list[str]:
    return re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)


@functools.cache
def output(file: Path) -> str:
    """What run.py said about `file`, its exit code last."""
    command = [MICROPYTHON, str(DEVICE / "run.py"), str(file)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as e:
        return f"{(e.stdout or b'').decode(errors='replace')}\nstill running after {TIMEOUT_S} s"
    return f"{done.stdout.decode(errors='replace')}\nexit {done.returncode}"


@pytest.mark.parametrize(
    ("file", "name"), [pytest.param(f, n, id=f"{f.stem}-{n}") for f in FILES for n in functions(f)]
)
def test_on_micropython(file: Path, name: str) -> None:
    said = output(file)
    assert f"ok {name}" in said.splitlines(), said


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_file_ends_well(file: Path) -> None:
    assert output(file).endswith("\nexit 0"), output(file)
