"""A node whose connection to the broker can be spoiled, on a board whose clock runs fast when the test says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boards import RunningBoard
from nodes import Broker, Node, config_for, write_flash
from relay import Relay


@pytest.fixture
def survivor(tmp_path: Path, boards: Callable[..., RunningBoard], broker: Broker, relay: Relay) -> Callable[..., Node]:
    """start(main=..., **config): a node behind the relay. Its clock is a real one until `board.skip`."""

    def start(main: Callable[[str], str] = str, **config: Any) -> Node:
        full = config_for(broker, **config)
        full["mqtt"]["port"] = relay.port
        name = full["client_id"]
        write_flash(tmp_path / name, full, main=main)
        return Node(boards(name), broker, name, 0.0)

    return start
