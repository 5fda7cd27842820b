"""Fixtures that every folder of tests may use."""

import pytest
from accounts import delivered, locked
from boards import board, boards
from computer import bare, computer
from nodes import broker, node, relay
from probes import compiled, probe

# MicroPython's own: test_device.py drives them.
collect_ignore = ["device"]

__all__ = [
    "bare",
    "board",
    "boards",
    "broker",
    "compiled",
    "computer",
    "delivered",
    "locked",
    "node",
    "probe",
    "relay",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option --long, as in ./test.sh --long."""
    parser.addoption("--long", action="store_true", help="run the long rows in full")
