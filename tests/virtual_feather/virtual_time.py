"""A board's clock that moves only when a test moves it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from virtual_feather.reactor import Reactor


class VirtualTime:
    """A reactor at time 0."""

    def __init__(self) -> None:
        self.reactor = Reactor(clock=lambda: 0.0)

    @property
    def now(self) -> float:
        return round(self.reactor.now(), 4)

    def advance(self, seconds: float) -> None:
        """Let that time pass, alarm by alarm."""
        end = self.reactor.now() + seconds
        while self.reactor.now() < end:
            self.reactor.skip(end)
            self.reactor.turn()


@pytest.fixture
def time() -> Iterator[VirtualTime]:
    time = VirtualTime()
    yield time
    time.reactor.close()
