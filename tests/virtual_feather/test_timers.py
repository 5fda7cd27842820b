"""Software timers and the watchdog, on a clock that is moved by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_time import VirtualTime, time

from virtual_feather.timers import Timers

__all__ = ["time"]
_ONE_SHOT, _PERIODIC = 0, 1
_TIMER, _HANDLER = 0x7F00, 0x7E00


class Chip:
    """Timers, and when they and the watchdog have done something."""

    def __init__(self, time: VirtualTime) -> None:
        self.rings: list[float] = []
        self.bites: list[float] = []
        self.timers = Timers(time.reactor, self._ring, lambda: self.bites.append(time.now))
        self._now = lambda: time.now

    def _ring(self, handler: int, argument: int) -> None:
        assert (handler, argument) == (_HANDLER, _TIMER)
        self.rings.append(self._now())

    def start(self, us: int, mode: int) -> None:
        self.timers.operations["timer_start"](_TIMER, us, mode, _HANDLER)

    def stop(self) -> None:
        self.timers.operations["timer_stop"](_TIMER)

    def feed(self) -> None:
        self.timers.operations["wdt_feed"]()


@pytest.fixture
def chip(time: VirtualTime) -> Chip:
    return Chip(time)


def test_one_shot(chip: Chip, time: VirtualTime) -> None:
    chip.start(250_000, _ONE_SHOT)
    time.advance(10.0)
    assert chip.rings == [0.25]
    chip.stop()


def test_periodic_without_drift(chip: Chip, time: VirtualTime) -> None:
    chip.start(100_000, _PERIODIC)
    time.advance(1000.05)
    assert len(chip.rings) == 10_000
    assert chip.rings[-1] == pytest.approx(1000.0, abs=0.001)


def test_stopped(chip: Chip, time: VirtualTime) -> None:
    chip.start(100_000, _PERIODIC)
    time.advance(0.35)
    chip.stop()
    time.advance(10.0)
    assert chip.rings == [0.1, 0.2, 0.3]


def test_no_faster_than_a_millisecond(chip: Chip, time: VirtualTime) -> None:
    chip.start(1, _PERIODIC)
    time.advance(0.0105)
    assert len(chip.rings) == 10


@pytest.mark.parametrize("end", ["forget", "reset"])
def test_timers_end_with_their_interpreter(chip: Chip, time: VirtualTime, end: str) -> None:
    chip.start(100_000, _PERIODIC)
    getattr(chip.timers, end)()
    time.advance(1.0)
    assert not chip.rings


@pytest.mark.parametrize("started", [0.0, 0.5, 1.5, 1.7, 3.1])
def test_the_watchdog_bites_within_its_bounds(chip: Chip, time: VirtualTime, started: float) -> None:
    time.advance(started)
    chip.feed()
    time.advance(10.0)
    assert len(chip.bites) == 1
    assert 1.6 <= chip.bites[0] - started <= 3.2


def test_a_fed_watchdog_does_not_bite(chip: Chip, time: VirtualTime) -> None:
    for _ in range(100):
        chip.feed()
        time.advance(1.5)
    assert not chip.bites
    time.advance(3.2)
    assert len(chip.bites) == 1


def test_the_watchdog_knows_nothing_of_interpreters_but_of_resets(chip: Chip, time: VirtualTime) -> None:
    chip.feed()
    chip.timers.forget()
    time.advance(3.3)
    assert len(chip.bites) == 1
    chip.feed()
    chip.timers.reset()
    time.advance(10.0)
    assert len(chip.bites) == 1


def test_feeding_often_costs_nothing(chip: Chip, time: VirtualTime, tmp_path: Path) -> None:
    for _ in range(10_000):
        chip.feed()
    assert len(time.reactor._alarms) == 1
