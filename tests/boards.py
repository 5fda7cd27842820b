"""Virtual Feathers for tests: the fixtures `board` (one) and `boards` (as many as a test starts), and their console."""

from __future__ import annotations

import json
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import serial
from waits import LIMIT_S, wait_for

from virtual_feather.control import Command, control
from virtual_feather.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
_PROMPT = b"\r\n>>> "
_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"


class Console:
    """A client of the serial path. Use it in a `with`: other clients wait for the path as long as it is open."""

    def __init__(self, path: str) -> None:
        self.line = serial.Serial(path, 115200, timeout=0.05, write_timeout=LIMIT_S)
        self.seen = b""  # all that was received since the last read_until

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def send(self, data: bytes) -> None:
        """Type bytes."""
        self.line.write(data)

    def read_until(self, end: bytes) -> bytes:
        """The bytes received up to and with `end`. Fails the test when `end` does not come."""
        wait_for(lambda: end in self.seen or self._hear(), lambda: f"{end!r}, but {self.seen!r}", 0)
        found, _, self.seen = self.seen.partition(end)
        return found + end

    def _hear(self) -> None:
        self.seen += self.line.read(self.line.in_waiting or 1)

    def read_for(self, seconds: float) -> bytes:
        """The bytes received in `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._hear()
        seen, self.seen = self.seen, b""
        return seen

    def prompt(self) -> None:
        """Stop any program with two Ctrl-C, as rshell and mpremote do, and wait for a friendly prompt."""
        self.send(b"\r" + _CTRL_C + _CTRL_C)
        self.read_until(_PROMPT)
        # Each Ctrl-C may bring one more prompt: ask for an output that has not come yet.
        self.send(b"'rea''dy'\r")
        self.read_until(b"'ready'" + _PROMPT)

    def type(self, line: str) -> str:
        """Type a line at the friendly prompt; the output before the next prompt."""
        self.send(line.encode() + b"\r")
        echo, _, output = self.read_until(b">>> ").partition(b"\n")
        assert line.encode() in echo, (line, echo, output)
        return output.removesuffix(b">>> ").replace(b"\r\n", b"\n").decode()

    def run(self, code: str) -> str:
        """Run a program through the raw REPL, from a friendly prompt to the next; its output.

        Fails the test with the board's traceback when the program raises.
        """
        output, error = self.run_raw(code)
        if error:
            pytest.fail(f"on the board: {error}")
        return output

    def run_raw(self, code: str) -> tuple[str, str]:
        """As `run`; the output and, apart, the traceback or ''."""
        self.send(b"\r" + _CTRL_A)
        self.read_until(b"raw REPL; CTRL-B to exit\r\n>")
        self.send(code.encode() + _CTRL_D)
        self.read_until(b"OK")
        output = self.read_until(_CTRL_D)[:-1]
        error = self.read_until(_CTRL_D + b">")[:-2]
        self.send(_CTRL_B)
        self.read_until(b">>> ")
        return output.replace(b"\r\n", b"\n").decode(), error.replace(b"\r\n", b"\n").decode()


class RunningBoard:
    """`python -m virtual_feather run` with its own state folder. Its clock is real except in skip() and until()."""

    def __init__(self, state: Path, link: Path, options: tuple[str, ...] = ()) -> None:
        """options: more words for the command line."""
        self.state = state
        self.link = link
        self.port = ""
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the board and wait for its serial path."""
        command = [sys.executable, "-X", "faulthandler", "-m", "virtual_feather", "run", "--fast", "0"]
        command += ["--state", str(self.state), "--link", str(self.link)]
        errors = (self.state.parent / f"{self.state.name}.err").open("w")
        with errors:
            self._process = subprocess.Popen(
                [*command, *self._options], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=errors
            )
        output = self._process.stdout
        assert output is not None
        line = output.readline() if select.select([output], [], [], LIMIT_S)[0] else ""
        if not line.startswith("serial: "):
            self.stop()
            pytest.fail(f"the board did not start: {self.errors()}")
        self.port = str(self.link)

    def stop(self) -> None:
        """End the process, as Ctrl-C or SIGTERM does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            process.wait()
            pytest.fail(f"the board did not end: {self.errors()}")
        finally:
            if process.stdout:
                process.stdout.close()

    def second_path(self) -> str:
        """The path with reset lines, of a board started with --rfc2217."""
        assert self._process is not None and self._process.stdout is not None, "the board does not run"
        return self._process.stdout.readline().removeprefix("serial: ").strip()

    @property
    def pid(self) -> int:
        """The board's process."""
        assert self._process is not None, "the board does not run"
        return self._process.pid

    def errors(self) -> str:
        """What the board's process has written to its standard error."""
        return (self.state.parent / f"{self.state.name}.err").read_text()

    def ctl(self, *words: object) -> str:
        """What `python -m virtual_feather ctl` prints, without the start of a Python. Fails the test when it fails."""
        verb, *rest = map(str, words)
        options = {}
        while len(rest) > 1 and rest[-2].startswith("--"):
            *rest, name, value = rest
            options[name[2:]] = value
        data = Path(rest[0]).read_bytes() if verb == "put" else b""
        try:
            return control(self.state, Command(verb, rest, options, data)).decode().removesuffix("\n")
        except UserError as error:
            pytest.fail(f"ctl {' '.join([verb, *rest])}: {error}")

    def status(self) -> dict[str, Any]:
        """`ctl status`."""
        return json.loads(self.ctl("status"))

    @property
    def clock(self) -> float:
        """Seconds of the board's clock."""
        return self.status()["clock"]

    def skip(self, seconds: float) -> None:
        """Let `seconds` of the board's time pass; idle time is skipped."""
        end = self.clock + seconds
        self.ctl("clock", seconds)
        wait_for(lambda: self.clock >= end, f"{seconds} s of the board's time", 0.002)

    def until(self, happened: Callable[[], Any], within_s: float, step_s: float = 0.25) -> Any:
        """Let the board's time pass until happened() is true; what it returned.

        Fails the test after `within_s` of the board's clock. step_s: the time between two calls.
        """
        end = self.clock + within_s
        while not (value := happened()):
            if self.clock > end:
                pytest.fail(f"not within {within_s} s of the board's clock")
            self.skip(step_s)
        return value

    def put(self, path: str, text: str | bytes) -> None:
        """Write a file of the board, which then starts again."""
        source = self.state.parent / f"{self.state.name}.put"
        source.write_bytes(text.encode() if isinstance(text, str) else text)
        self.ctl("put", str(source), path)

    def console(self) -> Console:
        """Open the serial path."""
        return Console(self.port)


@pytest.fixture
def boards(tmp_path: Path) -> Iterator[Callable[..., RunningBoard]]:
    """start(name="feather", *options) starts a board, e.g. start("b", "--image", "small"); it stops with the test."""
    started: list[RunningBoard] = []

    def start(name: str = "feather", *options: str) -> RunningBoard:
        board = RunningBoard(tmp_path / name, tmp_path / f"tty-{name}", options)
        started.append(board)
        board.start()
        return board

    yield start
    for board in started:
        board.stop()
    crashes = [board.errors() for board in started if re.search("Traceback", board.errors())]
    assert not crashes, "\n".join(crashes)


@pytest.fixture
def board(boards: Callable[..., RunningBoard]) -> RunningBoard:
    """A board with the default image, started."""
    return boards()
