"""Runs MicroPython programs, each in a fresh interpreter: with words of 64 bits (the wheel) or 32 (WebAssembly)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench.system import MICROPYTHON

_WASM32 = Path(__file__).parent / "wasm32"
_HEAP = "2m"  # what is retained does not depend on it
_TIMEOUT_S = 120


@dataclass(frozen=True)
class Job:
    """A program in steps, and the files it finds below the folder `root`.

    Between two steps nothing runs: WebAssembly's collector can only work then, because it cannot see the C stack.
    """

    steps: list[str]
    files: dict[str, bytes] = field(default_factory=dict)


class Failed(Exception):
    """The program of a job ended with an exception; str() is its traceback."""


def run(bits: int, jobs: list[Job]) -> list[str]:
    """Run each job on the interpreter with words of 64 or 32 bits; what they print. Raises Failed."""
    return [_run64(job) for job in jobs] if bits == 64 else _run32(jobs)


def have32() -> bool:
    """Whether jobs can run on 32 bits here: bench/bench.sh gets what they need."""
    return bool(shutil.which("node")) and (_WASM32 / "node_modules").is_dir()


def _run64(job: Job) -> str:
    with tempfile.TemporaryDirectory() as folder:
        for path, content in job.files.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        program = Path(folder, "job.py")
        program.write_text(f"root = {folder!r}\n" + "\n".join(f"exec({step!r})" for step in job.steps))
        command = [MICROPYTHON, "-X", f"heapsize={_HEAP}", program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise Failed(done.stdout + done.stderr)
    return done.stdout


def _run32(jobs: list[Job]) -> list[str]:
    orders = [
        {
            "files": {f"/job/{path}": base64.b64encode(content).decode() for path, content in job.files.items()},
            "steps": ["root = '/job'", *job.steps],
        }
        for job in jobs
    ]
    command = ["node", _WASM32 / "run.mjs"]
    done = subprocess.run(
        command, input=json.dumps(orders), capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    errors = [result["error"] for result in results if "error" in result]
    if errors or len(results) < len(jobs):
        raise Failed("\n".join(errors) or done.stderr)
    return [result["output"] for result in results]
