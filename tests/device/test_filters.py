"""Filters between a sensor and its topic."""

import asyncio
from math import pi, sin

from guarded import guarded
from node import filters, sensors
from node.faults import Faults
from node.sensors import Unmeasurable
from node.start import describe
from replaced import Replaced


class Time:
    """A `time` whose clock the test sets; ticks wrap after 5 s."""

    def __init__(self):
        self.now = (1 << 30) - 5000

    def ticks_ms(self):
        return self.now % (1 << 30)

    def ticks_diff(self, a, b):
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)


class Sensor:
    quantities = (("temperature", 1), ("humidity", 1))

    async def read(self):
        if isinstance(self.values, Exception):
            raise self.values
        return self.values


class Bench:
    """A sensor behind filters, read every `every_s`."""

    def __init__(self, every_s=60, **entry):
        self.clock = filters.time = Time()
        self.every_s = every_s
        self.sensor = Sensor()
        self.faults = Faults()
        entry.update(driver="sht31", name=None, every_s=every_s)
        self.source = describe(self.sensor, entry, 0)[0]
        self.source.sensor = self.sensor

    def read(self, *values):
        """One reading of these values: the published ones as a list, None for those that were not."""
        self.sensor.values = values
        return self.take()

    def take(self):
        self.clock.now += 1000 * self.every_s
        self.taken = [None, None]
        with Replaced(sensors, "drop", lambda: None):  # otherwise the filters would be loaded again, with another clock
            asyncio.run(guarded(sensors.read(self.source, (None, None, None), self, self.faults)))
        return self.taken

    def put(self, channel, value):
        self.taken[channel] = value

    def all(self, values):
        """Readings in a row of the first quantity only."""
        return [self.read(value, value)[0] for value in values]


def test_without_filters_a_reading_is_as_it_was():
    assert Bench().all((1.5, 1.5, -2)) == [1.5, 1.5, -2]


def test_median_of_the_last_readings():
    assert Bench(median=3).all((1, 9, 2, 3, 99, 4, 5)) == [1, 9, 2, 3, 3, 4, 5]
    assert Bench(median=5).all((5, 1, 4, 2, 3, 6)) == [5, 5, 4, 4, 3, 3]


def test_scale_then_offset():
    assert Bench(scale=2, offset=-1).all((0, 1, 2.5)) == [-1, 1, 4]
    assert Bench(offset=0.5).all((0, 1)) == [0.5, 1.5]
    assert Bench(scale=0).all((3,)) == [0]


def test_each_quantity_has_its_own():
    bench = Bench(offset={"temperature": -0.5}, delta={"humidity": 2}, median=3)
    assert bench.read(20, 50) == [19.5, 50]
    assert bench.read(22, 51.9) == [21.5, None]
    assert bench.read(21, 53) == [20.5, None]  # the median: 51.9
    assert bench.read(21, 53) == [20.5, 53]


def test_delta_lets_changes_pass_and_nothing_else():
    values = (10, 10.9, 9.1, 11, 11.9, 10.1, 10, 10)
    assert Bench(delta=1).all(values) == [10, None, None, 11, None, None, 10, None]


def test_slow_change_adds_up():
    assert Bench(delta=1).all([i / 4 for i in range(9)]) == [0, None, None, None, 1, None, None, None, 2]


def test_heartbeat_ends_the_silence():
    sent = Bench(every_s=60, delta=1, heartbeat_s=300).all([7] * 12)
    assert [i for i in range(12) if sent[i] is not None] == [0, 5, 10]
    sent = Bench(every_s=60, delta=1, heartbeat_s=300).all([7, 7, 7, 8] + [8] * 8)
    assert [i for i in range(12) if sent[i] is not None] == [0, 3, 8]  # counted from the last value sent


def test_a_delta_of_zero_silences_nothing():
    assert Bench(delta=0).all((1, 1, 1)) == [1, 1, 1]


def test_a_reading_that_failed_is_told_and_leaves_no_trace():
    bench = Bench(median=3, delta=1)
    bench.all((1, 2))
    bench.sensor.values = Unmeasurable("saturated")
    assert bench.take() == [None, None] and bench.faults.current == (4, "sht31: saturated")
    assert bench.all((2, 3)) == [None, None]  # medians 2, 2


def light(i):
    """A clear day in readings of 10 s: an arc of 30,000 lux, a cloud's shadow at noon, a lamp in the evening."""
    lux = max(0.0, sin(2 * pi * (i / 8640 - 0.25))) ** 2 * 30000
    if 4320 <= i < 4340:
        lux /= 3
    if 7560 <= i < 8280:
        lux += 300
    return lux


def test_a_day_of_slow_light_change():
    bench = Bench(every_s=10, delta=100, heartbeat_s=600)
    shown, quiet, count = None, 0, 0
    for i in range(8640):
        out = bench.read(light(i), 0)[0]
        quiet += 10
        if out is not None:
            shown, quiet, count = out, 0, count + 1
        assert abs(light(i) - shown) < 100  # no change is missed
        assert quiet <= 600
    print("a day: %d of 8640 readings were sent" % count)
    assert count <= 864
