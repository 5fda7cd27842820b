"""Fixtures for tests of the session."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nodes import Broker
from probes import Jitter, Probe, compile_all
from relay import Relay


@pytest.fixture
def quiet_broker(tmp_path: Path) -> Iterator[int]:
    """The port of a Mosquitto with nobody else at it: a subscriber in the test would take half of the computer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "quiet.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_type none\nuser {getpass.getuser()}\n")
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert program, "mosquitto is not installed: ./test.sh installs it"
    process = subprocess.Popen([program, "-c", str(config)])
    yield port
    process.kill()
    process.wait()


@pytest.fixture
def relay(broker: Broker) -> Iterator[Relay]:
    """A relay in front of a running broker."""
    with Relay(broker.port) as relay:
        yield relay


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


@pytest.fixture
def jitter(probe: Callable[..., Probe]) -> Jitter:
    """What this computer adds to the holds of the loop that are measured in the test."""
    return Jitter(probe(1, id="idle", joined=False))
