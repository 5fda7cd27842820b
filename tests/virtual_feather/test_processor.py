"""The processor as a process: it crashes, its board is killed, its build is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from boards import ROOT, RunningBoard
from waits import LIMIT_S, wait_for

from virtual_feather.errors import UserError
from virtual_feather.processor import toolchain

_EXCEPTION = 2  # machine.reset_cause(): the SDK's REASON_EXCEPTION_RST


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_crash_resets_the_chip(board: RunningBoard) -> None:
    resets = board.status()["resets"]
    (processor,) = _children(board.pid)
    os.kill(processor, signal.SIGSEGV)
    wait_for(lambda: board.status()["resets"] > resets, "a reset")
    with board.console() as console:
        console.prompt()
        assert console.run("import machine\nprint(machine.reset_cause())") == f"{_EXCEPTION}\n"
    assert _children(board.pid) != [processor]


def test_a_board_that_is_killed_takes_its_processor_along(board: RunningBoard) -> None:
    (processor,) = _children(board.pid)
    os.kill(board.pid, signal.SIGKILL)
    wait_for(lambda: _ended(processor), "the end of the processor")


def test_a_build_that_is_killed_takes_its_make_along(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom virtual_feather.processor.builder import run\n"
        f"list(run(['sleep', '{LIMIT_S * 2:.0f}'], '.', sys.stderr))"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL) as build:
        wait_for(lambda: any(_name(child) == "sleep" for child in _children(build.pid)), "make's process")
        (make,) = _children(build.pid)
        build.kill()
    wait_for(lambda: _ended(make), "the end of make")


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_where_no_32_bit_program_runs_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "_PROGRAM", b"int main(void) { return 1; }")
    with pytest.raises(UserError, match="kernel does not run"):
        toolchain.tools()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"sudo apt-get install \S+ libc6-dev\S* make"):
        toolchain.tools()
