"""Fixtures that every folder of tests may use."""

import pytest
from accounts import delivered
from boards import board, boards
from desk import bare, desk
from nodes import broker, node, relay
from probes import compiled, jitter, probe, quiet_broker

# MicroPython's own: test_device.py drives them.
collect_ignore = ["device"]

__all__ = [
    "bare",
    "board",
    "boards",
    "broker",
    "compiled",
    "delivered",
    "desk",
    "jitter",
    "node",
    "probe",
    "quiet_broker",
    "relay",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """--long: ./test.sh --long."""
    parser.addoption("--long", action="store_true", help="run the long rows in full")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest comes first: with others beside it nobody waits for it at the end."""
    items.sort(key=lambda item: "test_soak" not in item.nodeid)
