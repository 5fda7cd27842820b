"""Days of a node's life on a fast clock, with a real broker: a reading a minute, none lost, and no heap."""

from __future__ import annotations

import time

from boards import RunningBoard, wait_for
from nodes import Node

_DAY_S = 86_400
_PER_DAY = 1440


def test_day_after_day(node, broker, request) -> None:
    """`ticks_ms` wraps twice in a month, after 12.4 and 24.9 days."""
    days = 30 if request.config.getoption("--long") else 1
    feather: Node = node("--fast", "0", sensors=[{"driver": "tsl2561", "every_s": 60}], mqtt={"keepalive_s": 30})
    board = feather.board
    board.skip(30)  # now it is half a minute to and from each reading
    free = []
    total = 0
    for day in range(days):
        since = broker.count
        _let_a_day_pass(board)
        wait_for(lambda since=since: len(broker.of("sensors/n1/lux", since)) >= _PER_DAY, 10, f"{_PER_DAY} readings")
        readings = broker.of("sensors/n1/lux", since)
        stats = broker.of("stats/n1", since)[-1].json
        free.append(stats["free"])
        total += len(readings)
        print(f"day {day + 1}: {len(readings)} readings, {stats['free']} bytes of heap free")
        assert not broker.of("late/n1/lux", since)
        assert len(readings) == _PER_DAY
        assert stats["dropped"] == 0 and stats["reconnects"] == 0 and stats["reset"] == "power"
    print(f"{total} readings in {days} days, none lost; free heap {free[0]} on the first day, {free[-1]} on the last")
    assert board.status()["resets"] == 1
    assert abs(free[-1] - free[0]) <= 256


def _let_a_day_pass(board: RunningBoard) -> None:
    end = board.clock + _DAY_S
    board.ctl("clock", _DAY_S)
    while (was := board.clock) < end:
        time.sleep(0.1)
        assert board.clock > was, "the clock stands"
