"""node.clock: uptime over the wrap of ticks_ms(), and the calendar."""

import time

from node import clock
from replaced import Replaced


class Time:
    """In place of clock's `time`: ticks that wrap at 2**30, and a calendar that begins in 2000."""

    def __init__(self, ticks=0, seconds=0):
        self.ticks = ticks
        self.seconds = seconds

    def ticks_ms(self):
        return self.ticks % (1 << 30)

    def ticks_diff(self, a, b):
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)

    def time(self):
        return self.seconds

    def gmtime(self, seconds):
        return time.gmtime(seconds + 946684800)


def test_uptime_counts_on_when_the_ticks_wrap():
    with Replaced(clock, "time", Time((1 << 30) - 2500)) as fake, Replaced(clock, "_last", None):
        clock._s = clock._ms = 0
        seen = []
        for _ in range(12):
            seen.append(clock.uptime())
            fake.ticks += 500
        assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        fake.ticks += 5 * 86400 * 1000
        assert clock.uptime() == 6 + 5 * 86400


def test_a_calendar_that_nobody_has_set_is_unknown():
    with Replaced(clock, "time", Time(0, 12345)) as fake:
        assert clock.unix() is None
        assert not clock.is_absolute(clock.stamp())
        fake.seconds = 816979200
        assert clock.unix() == 1763664000
        assert clock.stamp() == 816979200
        assert clock.late(clock.stamp()) == ("ts", 1763664000)


def test_both_epochs():
    assert abs(clock.unix() - time.time()) < 2  # the Unix port counts from 1970
