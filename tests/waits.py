"""Waiting for events, in one way, with a limit so long that only an event that never comes fails a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

LIMIT_S = 180.0


def wait_for(condition: Callable[[], Any], what: str | Callable[[], str], pause_s: float = 0.02) -> Any:
    """The first true value of condition(). Fails the test when none comes; `what` names what is missing.

    pause_s: between two calls, for a condition() that does not wait itself.
    """
    deadline = time.monotonic() + LIMIT_S
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {LIMIT_S:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(pause_s)
    return value
