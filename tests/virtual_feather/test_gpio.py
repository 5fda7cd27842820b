"""The pads: what drives them, what pulls them, and who is told."""

from __future__ import annotations

import pytest

from virtual_feather.gpio import IN, OPEN_DRAIN, OUT, Gpio

_RISING, _FALLING = 1, 2


class Chip:
    """A GPIO matrix, and the interrupts it has raised."""

    def __init__(self) -> None:
        self.interrupts: list[tuple[int, int]] = []
        self.gpio = Gpio(lambda handler, argument: self.interrupts.append((handler, argument)))


@pytest.fixture
def chip() -> Chip:
    return Chip()


@pytest.fixture
def gpio(chip: Chip) -> Gpio:
    return chip.gpio


@pytest.mark.parametrize(("number", "level"), [(0, 1), (2, 1), (4, 1), (5, 1), (12, 0), (13, 0), (15, 0), (16, 0)])
def test_after_a_reset_the_resistors_decide(gpio: Gpio, number: int, level: int) -> None:
    gpio.init(number, OUT, 0, not level)
    assert gpio.level(number) != level
    gpio.reset()
    assert gpio.level(number) == level


@pytest.mark.parametrize(
    ("mode", "pull", "value", "held", "level"),
    [
        (IN, 0, None, None, 0),
        (IN, 1, None, None, 1),
        (IN, 1, None, 0, 0),  # a switch to ground against the pull-up: RunApp
        (IN, 0, None, 1, 1),
        (OUT, 0, True, None, 1),
        (OUT, 0, False, None, 0),
        (OUT, 0, True, 0, 0),  # a short
        (OUT, 0, False, 1, 0),
        (OPEN_DRAIN, 0, False, None, 0),
        (OPEN_DRAIN, 0, True, None, 0),  # let go, and nothing pulls
        (OPEN_DRAIN, 1, True, None, 1),
        (OPEN_DRAIN, 1, True, 0, 0),
    ],
)
def test_level(gpio: Gpio, mode: int, pull: int, value: bool | None, held: int | None, level: int) -> None:
    gpio.init(12, mode, pull, value)
    gpio.hold(12, held)
    assert gpio.level(12) == level


def test_an_output_keeps_its_latch(gpio: Gpio) -> None:
    gpio.init(12, OUT, 0, True)
    gpio.init(12, IN, 0, None)
    assert gpio.level(12) == 0
    gpio.init(12, OUT, 0, None)
    assert gpio.level(12) == 1


def test_open_drain_without_a_value_changes_nothing(gpio: Gpio) -> None:
    gpio.init(4, OPEN_DRAIN, 0, None)
    assert gpio.level(4) == 1, "it was an input"
    gpio.write(4, False)
    gpio.init(4, OPEN_DRAIN, 0, None)
    assert gpio.level(4) == 0


def test_toggle_turns_the_latch_over_whatever_the_wire_says(gpio: Gpio) -> None:
    toggle = gpio.operations["pin_toggle"]
    gpio.init(12, OUT, 0, True)
    gpio.hold(12, 0)
    toggle(12)
    gpio.hold(12, None)
    assert gpio.level(12) == 0
    toggle(12)
    assert gpio.level(12) == 1
    gpio.init(12, IN, 0, None)
    toggle(12)
    gpio.init(12, OUT, 0, None)
    assert gpio.level(12) == 1, "an input's latch is left alone"


def test_gpio16_is_an_output_that_starts_high_and_knows_no_open_drain(gpio: Gpio) -> None:
    gpio.init(16, OUT, 0, None)
    assert gpio.level(16) == 1
    gpio.init(16, OPEN_DRAIN, 0, True)
    assert gpio.level(16) == 0, "floating"
    gpio.hold(16, 1)
    gpio.write(16, False)
    assert gpio.level(16) == 1


def test_a_wire_that_is_let_go_keeps_its_pull_up(gpio: Gpio) -> None:
    gpio.init(13, IN, 1, None)
    gpio.drive(13, False)
    assert gpio.level(13) == 0
    gpio.release(13)
    assert gpio.level(13) == 1


def test_a_wire_stays_through_a_reset(gpio: Gpio) -> None:
    gpio.hold(12, 1)
    gpio.reset()
    assert (gpio.level(12), gpio.held(12)) == (1, 1)
    gpio.hold(12, None)
    assert (gpio.level(12), gpio.held(12)) == (0, None)


def test_a_resistor_can_be_added(gpio: Gpio) -> None:
    gpio.pull_up(16, True)
    assert gpio.level(16) == 1
    gpio.init(16, OUT, 0, False)
    assert gpio.level(16) == 0
    gpio.reset()
    assert gpio.level(16) == 1
    gpio.pull_up(16, False)
    assert gpio.level(16) == 0


def test_listeners_hear_changes_only(gpio: Gpio) -> None:
    heard: list[int] = []
    gpio.listen(0, heard.append)
    gpio.init(0, OUT, 0, True)  # it was high already
    for value in (False, False, True):
        gpio.write(0, value)
    gpio.write(0, False)
    gpio.reset()
    assert heard == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("trigger", "expected"), [(_RISING, [1]), (_FALLING, [0]), (_RISING | _FALLING, [1, 0]), (0, [])]
)
def test_interrupts_at_the_edges_asked_for(chip: Chip, trigger: int, expected: list[int]) -> None:
    levels: list[int] = []
    gpio = chip.gpio
    gpio.irq(13, trigger, 0x1000, 0x2000)
    for level in (1, 1, 0, 0):
        before = len(chip.interrupts)
        gpio.hold(13, level)
        levels += [level] * (len(chip.interrupts) - before)
    assert levels == expected
    assert set(chip.interrupts) <= {(0x1000, 0x2000)}


def test_no_interrupt_outlives_its_interpreter(chip: Chip) -> None:
    gpio = chip.gpio
    gpio.init(13, OUT, 0, False)
    gpio.irq(13, _RISING, 1, 2)
    gpio.forget_handlers()
    gpio.write(13, True)
    assert gpio.level(13) == 1, "the level is the chip's, and stays"
    gpio.irq(13, _FALLING, 1, 2)
    gpio.reset()
    assert not chip.interrupts
