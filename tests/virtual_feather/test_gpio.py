"""The pads: what drives them, what pulls them, and who is told of changes."""

from __future__ import annotations

import pytest

from virtual_feather.gpio import Gpio
from virtual_feather.processor.page import Page

_LOW, _HIGH, _FLOATS = "low", "high", None


class Chip:
    """The pads, and how often the processor was told that the wires outside have changed."""

    def __init__(self) -> None:
        self.page = Page()
        self.told = 0
        self.gpio = Gpio(self.page, self._tell)

    def _tell(self) -> None:
        self.told += 1

    def drive(self, number: int, to: str | None, pull_up: bool = False) -> None:
        """Drive a pad as the processor does, which then reports the change."""
        self.page.pads_low = (to == _LOW) << number
        self.page.pads_high = (to == _HIGH) << number
        self.page.pulled_up = pull_up << number
        self.gpio.settle()


@pytest.fixture
def chip() -> Chip:
    return Chip()


@pytest.mark.parametrize(("number", "level"), [(0, 1), (2, 1), (4, 1), (5, 1), (12, 0), (13, 0), (15, 0), (16, 0)])
def test_after_a_reset_the_resistors_decide(chip: Chip, number: int, level: int) -> None:
    chip.drive(number, _LOW if level else _HIGH)
    assert chip.gpio.level(number) != level
    chip.gpio.reset()
    assert chip.gpio.level(number) == level


@pytest.mark.parametrize(
    ("driven", "pull_up", "held", "level"),
    [
        (_FLOATS, False, None, 0),
        (_FLOATS, True, None, 1),
        (_FLOATS, True, 0, 0),  # a switch to ground against the pull-up: RunApp
        (_FLOATS, False, 1, 1),
        (_HIGH, False, None, 1),
        (_LOW, False, None, 0),
        (_HIGH, False, 0, 0),  # a short
        (_LOW, False, 1, 0),
    ],
)
def test_level(chip: Chip, driven: str | None, pull_up: bool, held: int | None, level: int) -> None:
    chip.drive(12, driven, pull_up)
    chip.gpio.hold(12, held)
    assert chip.gpio.level(12) == level
    assert chip.gpio.held(12) == held


def test_a_listener_hears_changes_from_either_side_once_each(chip: Chip) -> None:
    heard: list[int] = []
    chip.gpio.listen(12, heard.append)
    assert chip.page.heard >> 12 & 1
    chip.drive(12, _HIGH)
    chip.gpio.settle()
    chip.gpio.hold(12, 0)
    chip.gpio.hold(12, None)
    chip.drive(13, _HIGH)
    assert heard == [1, 0, 1, 0]


def test_the_processor_is_told_of_the_wires_outside(chip: Chip) -> None:
    chip.gpio.hold(12, 0)
    chip.gpio.pull_up(16, True)
    assert chip.told == 2
    assert chip.page.held_low >> 12 & 1 and chip.page.resistors >> 16 & 1
    chip.drive(12, _HIGH)
    assert chip.told == 2


def test_what_is_not_wanted_any_more_is_not_reported(chip: Chip) -> None:
    heard: list[int] = []
    chip.gpio.listen(5, heard.append)
    chip.gpio.forget(5, heard.append)
    assert not chip.page.heard >> 5 & 1
