"""Waiting for events: one way, and one limit so generous that only what never comes fails a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

LIMIT_S = 180.0


def wait_for(condition: Callable[[], Any], what: str | Callable[[], str], pause_s: float = 0.02) -> Any:
    """The first true value of condition(). Fails the test when none comes: `what` says what is missing.

    pause_s: between two questions, where condition() itself does not wait.
    """
    deadline = time.monotonic() + LIMIT_S
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {LIMIT_S:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(pause_s)
    return value
