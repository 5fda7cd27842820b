"""The light on the virtual board, and its history."""

from __future__ import annotations

import pytest

from virtual_feather.chips.light import Light


class Lamp:
    """A light and its clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.light = Light(lambda: self.now, 5.0)

    def at(self, seconds: float, lux: float, ratio: float = 0.30) -> None:
        self.now = 100.0 + seconds
        self.light.set(lux, ratio)

    def spans(self, start: float, end: float) -> list[tuple[float, float, float]]:
        return list(self.light.spans(100.0 + start, 100.0 + end))


@pytest.fixture
def lamp() -> Lamp:
    return Lamp()


def test_level_is_the_last_one_set(lamp):
    assert lamp.light.level == (5.0, 0.30)
    lamp.at(1, 7.0, 0.5)
    assert lamp.light.level == (7.0, 0.5)


def test_a_window_in_one_level(lamp):
    assert lamp.spans(3, 5) == [(2, 5.0, 0.30)]


def test_a_window_across_steps(lamp):
    lamp.at(1, 10.0)
    lamp.at(2, 20.0, 0.7)
    lamp.at(4, 40.0)
    assert lamp.spans(1.5, 3) == [(1, 20.0, 0.7), (0.5, 10.0, 0.30)]
    assert lamp.spans(2, 4) == [(2, 20.0, 0.7)]


def test_before_the_first_step_the_light_was_the_same(lamp):
    lamp.at(1, 10.0)
    assert sum(seconds * lux for seconds, lux, _ in lamp.spans(-2, 2)) == 3 * 5.0 + 1 * 10.0


def test_two_steps_at_once(lamp):
    lamp.at(1, 10.0)
    lamp.at(1, 20.0)
    assert sum(seconds * lux for seconds, lux, _ in lamp.spans(0, 2)) == 25.0


def test_the_past_is_bounded(lamp):
    for step in range(5000):
        lamp.at(step, step)
    spans = lamp.spans(0, 5000)
    assert len(spans) < 1100
    assert sum(seconds for seconds, _, _ in spans) == 5000


@pytest.mark.parametrize(("lux", "ratio"), [(-1, 0.3), (float("nan"), 0.3), (float("inf"), 0.3), (1, -0.1), (1, 1.3)])
def test_light_that_cannot_be(lamp, lux, ratio):
    with pytest.raises(ValueError, match=str(lux if ratio == 0.3 else ratio)):
        lamp.light.set(lux, ratio)
    assert lamp.light.level == (5.0, 0.30)
