"""`run --chip-speed`: programs take as long as on the chip, by the board's own clock."""

import time

import pytest

from bench.pace import measured
from virtual_feather.layouts import layout
from virtual_feather.processor.build import executable

_BOUND = 0.3  # of the model's error
_WORK = """import time
def work(turns):
    start = time.ticks_us()
    for _turn in range(turns):
        pass
    return time.ticks_diff(time.ticks_us(), start)
"""
_LOOP = _WORK + "print(work(%d))"


@pytest.fixture(scope="module", autouse=True)
def _built():
    """Make the build of the processor that counts branches, before a board waits for it."""
    executable(layout("romfs"), paced=True)


def test_what_the_chip_was_measured_with_takes_as_long(boards):
    added = measured()[0]
    with boards("feather", "--chip-speed", "--fast").console() as console:
        us = int(console.run(added.program))
    assert 1 - _BOUND < us / added.us < 1 + _BOUND


def test_the_same_program_takes_the_same_time(boards):
    times = []
    for name in ("one", "other"):
        with boards(name, "--chip-speed", "--fast").console() as console:
            times += [int(console.run(_LOOP % turns)) for turns in (5000, 10000)]
    once, twice = times[:2]
    assert times[2:] == pytest.approx(times[:2], rel=1e-3)
    assert twice == pytest.approx(2 * once, rel=1e-2)


def test_twice_the_clock_is_twice_the_speed(boards):
    with boards("feather", "--chip-speed", "--fast").console() as console:
        usual = int(console.run(_LOOP % 10000))
        console.run("import machine\nmachine.freq(160000000)")
        assert int(console.run(_LOOP % 10000)) == pytest.approx(usual / 2, rel=1e-2)


def test_timers_ring_while_it_computes(boards):
    program = f"""{_WORK}
import machine
rung = []
machine.Timer(-1).init(period=50, callback=rung.append)
us = work(100000)
print(us // 50000 - len(rung))"""
    with boards("feather", "--chip-speed", "--fast").console() as console:
        assert abs(int(console.run(program))) <= 1


def test_without_a_fast_clock_the_computer_waits_for_the_chip(boards):
    with boards("feather", "--chip-speed").console() as console:
        began = time.monotonic()
        us = int(console.run(_LOOP % 20000))
        assert time.monotonic() - began >= us / 1e6 > 0.1
