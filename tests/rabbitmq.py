"""Three RabbitMQ of docs/cluster.md, for tests: the fixture `cluster`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cluster import NODE, PEOPLE, PROGRAMS, Cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    if not PROGRAMS.is_dir():
        pytest.skip("RabbitMQ is not installed: sudo apt-get install rabbitmq-server")
    with Cluster(tmp_path / "cluster") as found:
        found.run(NODE + PEOPLE)
        yield found
