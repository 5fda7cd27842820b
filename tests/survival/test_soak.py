"""Days of a node's life on a fast clock, with a real broker: a reading a minute; no reading and no heap is lost."""

from __future__ import annotations

from nodes import Node
from waits import wait_for


def test_day_after_day(node, broker, request) -> None:
    """`ticks_ms` wraps twice in a month, after 12.4 and 24.9 days."""
    hours, days = (24, 30) if request.config.getoption("--long") else (3, 2)
    expected = 60 * hours
    feather: Node = node(sensors=[{"driver": "tsl2561", "every_s": 60}], mqtt={"keepalive_s": 300})
    board = feather.board
    board.skip(30)  # from here on, half a minute before and after each reading
    free = []
    total = 0
    for day in range(days):
        since = broker.count
        for _ in range(hours):
            board.skip(3600)
        wait_for(lambda since=since: len(broker.of("sensors/n1/lux", since)) >= expected, f"{expected} readings")
        readings = broker.of("sensors/n1/lux", since)
        stats = broker.of("stats/n1", since)[-1].json
        free.append(stats["free"])
        total += len(readings)
        print(f"day {day + 1} of {hours} hours: {len(readings)} readings, {stats['free']} bytes of heap free")
        assert not broker.of("late/n1/lux", since)
        assert len(readings) == expected
        assert stats["dropped"] == 0 and stats["reconnects"] == 0 and stats["reset"] == "power"
    print(f"{total} readings in {days} days, none lost; free heap {free[0]} on the first day, {free[-1]} on the last")
    assert board.status()["resets"] == 1
    assert abs(free[-1] - free[0]) <= 256
