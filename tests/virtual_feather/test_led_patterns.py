"""What `ctl led` spells when a MicroPython program drives the red LED with the codes of the design."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from boards import Console, RunningBoard

# play(fault, rounds, parts): the pattern of a fault, or of running (0), the last round up to so many parts.
_PLAYER = """
import time
from machine import Pin

led = Pin(0, Pin.OUT, value=1)


def parts(fault):
    if not fault:
        return [(9800, 200)]
    return [(100, 100)] * 9 + [(100, 1100)] + [(500, 500)] * (fault - 1) + [(500, 1500)]


def play(fault, rounds, last=None):
    pattern = parts(fault)
    for lit, dark in pattern * rounds + (pattern[:last] if last else []):
        led(0)
        time.sleep_ms(lit)
        led(1)
        time.sleep_ms(dark)


def show(level, ms):
    led(level)
    time.sleep_ms(ms)
"""


@pytest.fixture
def console(boards: Callable[..., RunningBoard]) -> Console:
    """The console of a board on a fast clock: minutes of blinking take no time."""
    board = boards("feather", "--fast")
    with board.console() as console:
        console.board = board
        console.prompt()
        console.run(_PLAYER)
        yield console


def _spells(console: Console) -> str:
    """The last line of `ctl led`; at the prompt the clock runs at its normal speed."""
    return console.board.ctl("led").splitlines()[-1]


@pytest.mark.parametrize("fault", range(1, 9))
def test_each_fault(console: Console, fault: int) -> None:
    console.run(f"play({fault}, 3)\nshow(0, 50)\nshow(1, 0)")
    assert _spells(console) == f"fault {fault}"


@pytest.mark.parametrize(("fault", "last"), [(4, 3), (4, 11), (4, 13), (8, 10), (8, 17), (1, 10)])
def test_in_the_middle_of_a_pattern(console: Console, fault: int, last: int) -> None:
    console.run(f"play({fault}, 2, {last})")
    assert _spells(console) == f"fault {fault}"


def test_running(console: Console) -> None:
    console.run("play(0, 3)\nshow(0, 100)")
    assert _spells(console) == "running"


def test_off(console: Console) -> None:
    console.run("play(0, 2)\nshow(1, 1000)")
    assert _spells(console) == "off"
    console.run("play(7, 2, 11)\nshow(1, 2000)")
    assert _spells(console) == "off"


@pytest.mark.parametrize(("before", "after"), [(4, 7), (7, 4), (8, 1), (1, 8), (2, 3)])
@pytest.mark.parametrize("last", [2, 10, 11, 12])
def test_from_one_fault_to_another(console: Console, before: int, after: int, last: int) -> None:
    console.run(f"play({before}, 2, {last})\nplay({after}, 0, 10)")
    assert _spells(console) == f"fault {before}", "the new one has not been counted"
    console.run(f"play({after}, 1, 10)")
    assert _spells(console) == f"fault {after}"


def test_a_fault_comes_and_goes(console: Console) -> None:
    console.run("play(0, 2)\nplay(5, 0, 10)")
    assert _spells(console) == "unclear"
    console.run("play(5, 1, 10)")
    assert _spells(console) == "fault 5"
    console.run("show(0, 2500)")
    assert _spells(console) == "running"


def test_the_transitions_are_listed(console: Console) -> None:
    console.run("play(2, 1)\nshow(0, 0)")
    *lines, _ = console.board.ctl("led").splitlines()
    words = [line.split() for line in lines]
    assert [word for word, _ in words[-25:-1]] == ["lit", "dark"] * 12
    seconds = [float(number) for _, number in words[-25:-1]]
    expected = [0.1, 0.1] * 9 + [0.1, 1.1] + [0.5, 0.5] + [0.5, 1.5]
    assert seconds == pytest.approx(expected, abs=0.03)
