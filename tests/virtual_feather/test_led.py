"""What a person reads from the red LED: each fault, running, off, and the changes between them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from virtual_feather.led import Led

_LOW, _HIGH = 0, 1
FAULTS = range(1, 9)

RUNNING = [(9.8, 0.2)] * 3  # lit, dark (s): three times ten seconds


def fault(code: int) -> list[tuple[float, float]]:
    """One round of a fault: ten flashes in 2 s, 1 s dark, `code` blinks, 1 s dark."""
    flashes = [(0.1, 0.1)] * 9 + [(0.1, 1.1)]
    return flashes + [(0.5, 0.5)] * (code - 1) + [(0.5, 1.5)]


class Eye:
    """An LED, its pin, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.led = Led(lambda: self.now, _HIGH)

    def show(self, pattern: Iterable[tuple[float, float]], seconds: float = 1e9) -> None:
        """Play (lit, dark) times, for at most `seconds`."""
        end = self.now + seconds
        for lit, dark in pattern:
            for level, length in ((_LOW, lit), (_HIGH, dark)):
                if self.now < end:
                    self.led.change(level)
                    self.now = min(self.now + length, end)

    def rest(self, level: int, seconds: float) -> None:
        self.led.change(level)
        self.now += seconds

    @property
    def spells(self) -> str:
        return self.led.spells()


@pytest.fixture
def eye() -> Eye:
    return Eye()


def test_a_new_board_is_off(eye: Eye) -> None:
    assert eye.spells == "off"
    eye.now += 1000
    assert eye.spells == "off"


@pytest.mark.parametrize("seconds", [0.01, 5.0, 9.81, 9.99, 10.5, 25.0])
def test_running_at_every_moment(eye: Eye, seconds: float) -> None:
    eye.show(RUNNING, seconds)
    assert eye.spells == "running"


@pytest.mark.parametrize("code", FAULTS)
def test_faults(eye: Eye, code: int) -> None:
    eye.show(fault(code) * 2)
    assert eye.spells == f"fault {code}"


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_at_every_moment_of_its_pattern(eye: Eye, code: int) -> None:
    eye.show(fault(code))
    eye.show(fault(code)[:1])
    for lit, dark in (fault(code) * 6)[1:]:
        eye.show([(lit, dark / 2)])
        assert eye.spells == f"fault {code}"
        eye.now += dark / 2
        assert eye.spells == f"fault {code}"


@pytest.mark.parametrize("code", FAULTS)
def test_a_first_round_says_nothing_before_its_end(eye: Eye, code: int) -> None:
    eye.show(RUNNING)
    for lit, dark in fault(code)[1:]:
        eye.show([(lit, dark)])
        assert eye.spells in ("running", "unclear")
    eye.show([(0.1, 0.1)])
    assert eye.spells == f"fault {code}"


@pytest.mark.parametrize("after", FAULTS)
@pytest.mark.parametrize("before", FAULTS)
def test_from_fault_to_fault(eye: Eye, before: int, after: int) -> None:
    """Interrupted at every moment, the code read is never any other than the two."""
    pattern = fault(before)
    for parts in range(1, len(pattern) + 1):
        eye.show(fault(before) * 2 + pattern[:parts])
        for lit, dark in fault(after) * 2:
            eye.show([(lit, dark)])
            assert eye.spells in (f"fault {before}", f"fault {after}")
        assert eye.spells == f"fault {after}"


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_that_ends(eye: Eye, code: int) -> None:
    pattern = fault(code)
    for parts in range(1, len(pattern) + 1):
        eye.show(fault(code) * 2 + pattern[:parts])
        eye.rest(_LOW, 2.1)
        assert eye.spells == "running"
        eye.show(RUNNING, 12.0)
        assert eye.spells == "running"


@pytest.mark.parametrize("code", FAULTS)
def test_switched_off_in_the_middle(eye: Eye, code: int) -> None:
    pattern = fault(code)
    for parts in range(1, len(pattern) + 1):
        eye.show(fault(code) * 2 + pattern[: parts - 1])
        eye.show([(pattern[parts - 1][0], 0.0)])
        eye.rest(_HIGH, 1.9)
        assert eye.spells in (f"fault {code}", "unclear"), "not before a longer darkness than any of the pattern"
        eye.now += 0.2
        assert eye.spells == "off"


def test_off_while_running(eye: Eye) -> None:
    eye.show(RUNNING)
    eye.rest(_HIGH, 0.3)
    assert eye.spells == "running", "so short is a blip"
    eye.now += 0.1
    assert eye.spells == "off"


def test_a_late_board_is_read_right_or_not_at_all(eye: Eye) -> None:
    """A loaded computer stretches times: a flash that looks like a blink must not make a wrong number."""
    late = [(0.2, 0.1) if i == 4 else part for i, part in enumerate(fault(3))]
    eye.show(fault(3) * 2 + late)
    assert eye.spells == "fault 3"
    eye.show([(0.1, 0.1)] * 9 + [(0.1, 1.1)] + [(0.58, 0.6)] * 2 + [(0.58, 1.6)] + [(0.1, 0.1)])
    assert eye.spells == "fault 3"


def test_a_minute_is_remembered(eye: Eye) -> None:
    eye.show(RUNNING * 10)
    phases = eye.led.phases()
    assert sum(seconds for _, seconds in phases) == pytest.approx(60.0)
    assert len(phases) == 12 or len(phases) == 13
    lines = eye.led.report().splitlines()
    assert lines[-1] == "running"
    assert lines[-3:-1] == ["lit 9.800", "dark 0.200"]


def test_a_pin_that_never_rests_costs_no_memory(eye: Eye) -> None:
    for _ in range(20_000):
        eye.show([(0.0001, 0.0001)])
    assert len(eye.led.phases()) <= 4097
