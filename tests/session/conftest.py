"""Fixtures for tests of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nodes import Broker
from probes import Jitter, Probe, compile_all
from relay import Relay


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
