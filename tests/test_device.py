"""Drive tests/device/ on MicroPython: one process a file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from waits import LIMIT_S

DEVICE = Path(__file__).parent / "device"
MICROPYTHON = os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))


@pytest.mark.parametrize("file", sorted(DEVICE.glob("test_*.py")), ids=lambda file: file.stem)
def test_on_micropython(file: Path) -> None:
    command = [MICROPYTHON, str(DEVICE / "run.py"), str(file)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said
    functions = re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"^ok (\w+)$", said, re.MULTILINE)) == sorted(functions), said
