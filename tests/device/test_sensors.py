"""node.sensors.run: each sensor at its time, one after the other; and the sensors that start makes from settings."""

import asyncio
import sys

from guarded import guarded
import fake_bus
from fake_tsl2561 import TSL2561
from clock import Clock
import node
from node import sensors, start
from node.faults import Faults
from node.sensors import Saturated, Unmeasurable
from replaced import Replaced

sys.path.append("/rom")  # as on the image with ROMFS: on the others no driver stays loaded

ENTRY = {"driver": "tsl2561", "every_s": 2, "topics": {}, "name": None}

channels = start.channels


class Sensor:
    """Each reading takes the next of `plan`: a tuple, or an exception to raise. The last one is repeated."""

    quantities = (("lux", 2), ("infrared", 0))
    address = 0x39
    under_way = 0  # readings, of all sensors

    def __init__(self, clock, plan, takes_ms=0):
        self.clock = clock
        self.plan = list(plan)
        self.takes_ms = takes_ms
        self.began = []

    async def read(self):
        self.began.append(self.clock.elapsed_ms())
        assert Sensor.under_way == 0, "two readings at a time"
        Sensor.under_way += 1
        try:
            await self.clock.sleep_ms(self.takes_ms)
        finally:
            Sensor.under_way -= 1
        outcome = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Bus:
    """Replaces the result of i2c_bus.make(), and the module with recover()."""

    def __init__(self, i2c=None):
        self.recovered = 0
        self.wires = i2c, "scl", "sda"

    def recover(self, scl, sda):
        assert (scl, sda) == self.wires[1:]
        self.recovered += 1


def described(found):
    """Return the rows of start.sensors() for these: (sensor, its entry in the settings)."""
    listed, channel = [], 0
    for sensor, entry in found:
        listed.append(start.describe(sensor, entry, channel))
        channel += len(sensor.quantities)
    return listed


def sources(found):
    return [one[0] for one in described(found)]


class Session:
    def __init__(self, outbox, sources, faults, state="up"):
        self.outbox = outbox
        self.sources = sources
        self.faults = faults
        self.state = state
        self.works = self.reads = False


class Outbox:
    def __init__(self):
        self.taken = []

    def put(self, channel, value):
        self.taken.append((channel, value))


class Bench:
    """The sensors of one table row on a clock of its own; `others` are read beside the one with that plan."""

    def __init__(self, plan, takes_ms=0, entry=ENTRY, state="up", others=()):
        self.clock = Clock(until_wrap_ms=3000)
        sensors.time = self.clock
        self.sensor = Sensor(self.clock, plan, takes_ms)
        self.bus, self.outbox, self.faults = Bus(), Outbox(), Faults()
        self.state = state
        self.found = [(self.sensor, entry)] + [(other, ENTRY) for other in others]

    def run(self):
        """The coroutine of its row in the table."""
        sys.modules["node.i2c_bus"] = node.i2c_bus = self.bus
        sensors.drop = lambda: None
        self.session = Session(self.outbox, sources(self.found), self.faults, self.state)
        return sensors.run(self.session, self.bus.wires)

    async def readings(self, count):
        """Run until `count` readings have begun and the last of them has ended."""
        task = asyncio.create_task(guarded(self.run()))
        while len(self.sensor.began) < count:
            await self.clock.sleep_ms(200)
        await self.clock.sleep_ms(self.sensor.takes_ms + 200)
        task.cancel()
        await self.clock.sleep_ms(0)  # a reading under way is cancelled, too


async def test_readings_go_to_their_channels():
    other = Sensor(None, [(7, 8)])
    bench = Bench([(1.5, 2.0), (3.5, 4.0)], others=[other])
    other.clock = bench.clock
    await bench.readings(2)
    assert bench.outbox.taken == [(0, 1.5), (1, 2.0), (2, 7), (3, 8), (0, 3.5), (1, 4.0), (2, 7), (3, 8)]
    assert bench.faults.current is None and bench.bus.recovered == 0


async def test_the_first_reading_is_at_once_and_the_grid_does_not_drift():
    bench = Bench([(1, 1)], takes_ms=700)  # and the clock's ticks wrap after 3 s
    await bench.readings(8)
    first = bench.sensor.began[0]
    assert first < 500
    for i, began in enumerate(bench.sensor.began):
        assert began - first == 2000 * i, bench.sensor.began


async def test_the_first_reading_waits_a_little_for_the_connection_and_not_for_ever():
    bench = Bench([(1, 1)], state="connecting")
    task = asyncio.create_task(guarded(bench.run()))
    await bench.clock.sleep_ms(2000)
    assert not bench.sensor.began
    bench.session.state = "up"
    await bench.clock.sleep_ms(500)
    assert len(bench.sensor.began) == 1
    task.cancel()
    bench = Bench([(1, 1)], state="connecting")
    await bench.readings(2)
    assert 4500 < bench.sensor.began[0] < 6500 and bench.outbox.taken, bench.sensor.began


async def test_a_reading_that_takes_too_long_leaves_out_points_of_the_grid():
    bench = Bench([(1, 1)], takes_ms=4500)
    await bench.readings(4)
    first = bench.sensor.began[0]
    for i, began in enumerate(bench.sensor.began):
        assert began - first == 6000 * i, bench.sensor.began


async def test_two_that_are_due_together_are_read_one_after_the_other_and_keep_their_grids():
    other = Sensor(None, [(5, 6)], takes_ms=600)
    bench = Bench([(1, 1)], takes_ms=600, others=[other])
    other.clock = bench.clock
    await bench.readings(5)
    for sensor, offset in ((bench.sensor, 0), (other, 600)):
        for i, began in enumerate(sensor.began):
            assert began - bench.sensor.began[0] == 2000 * i + offset, (bench.sensor.began, other.began)


async def test_no_answer_is_a_fault_and_no_number_and_ends_by_itself():
    bench = Bench([OSError(5), OSError(110), (7, 8)])
    seen = []
    task = asyncio.create_task(guarded(bench.run()))
    while bench.outbox.taken == []:
        if bench.faults.current not in seen:
            seen.append(bench.faults.current)
        await bench.clock.sleep_ms(100)
    task.cancel()
    assert seen[-1] == (4, "tsl2561 at 0x39: no answer")
    assert bench.bus.recovered == 2
    assert bench.outbox.taken == [(0, 7), (1, 8)]
    assert bench.faults.current is None and bench.faults.version == 2


async def test_one_that_fails_does_not_keep_the_others_from_being_read():
    other = Sensor(None, [OSError(5)])
    bench = Bench([(1, 2)], others=[other])
    other.clock = bench.clock
    await bench.readings(3)
    assert len(other.began) >= 2
    assert bench.outbox.taken == [(0, 1), (1, 2)] * len(bench.sensor.began)
    assert bench.faults.current == (4, "tsl2561 at 0x39: no answer")


async def test_what_cannot_be_measured_is_a_fault_and_no_number():
    for error, lasting in ((Unmeasurable("impossible values"), 4), (Saturated("saturated"), None)):
        bench = Bench([error], entry=dict(ENTRY, name="roof"))
        await bench.readings(2)
        assert bench.faults.current == (4, "roof at 0x39: %s" % error)
        assert bench.faults.lasting(0) == lasting, "sunshine is no reason to restart"
        assert bench.outbox.taken == [] and bench.bus.recovered == 0


async def test_another_exception_is_for_the_guard():
    bench = Bench([ValueError("a bug")])
    try:
        await bench.run()
        raise AssertionError
    except ValueError:
        pass


def test_channels():
    roof = dict(ENTRY, topics={"lux": "house/roof", "infrared": "ir"})
    found = [(Sensor(None, [0]), ENTRY), (Sensor(None, [0]), roof)]
    assert channels(described(found), b"n") == [
        (b"sensors/n/lux", b"late/n/lux", "%.2f", False),
        (b"sensors/n/infrared", b"late/n/infrared", "%.0f", False),
        (b"house/roof", b"late/n/house/roof", "%.2f", False),
        (b"ir", b"late/n/ir", "%.0f", False),
    ]


def test_channels_of_a_state_are_retained():
    class State(Sensor):
        retain = True

    assert [channel[3] for channel in channels(described([(State(None, [0]), ENTRY)]), b"n")] == [True, True]


async def test_filters_are_between_the_sensor_and_the_outbox():
    entry = dict(ENTRY, delta={"lux": 10}, offset=1)
    bench = Bench([(100, 5), (105, 5), (111, 5)], entry=entry)
    await bench.readings(3)
    assert bench.outbox.taken == [(0, 101), (1, 6), (1, 6), (0, 112), (1, 6)]


async def test_a_sensor_on_a_gpio_is_named_by_it():
    class Wired:
        quantities = (("temperature", 1),)

        async def read(self):
            raise OSError(19)

    bench = Bench([(1, 1)])
    bench.found = [(Wired(), dict(ENTRY, driver="dht22", pin=14))]
    task = asyncio.create_task(guarded(bench.run()))
    await bench.clock.sleep_ms(500)
    task.cancel()
    assert bench.faults.current == (4, "dht22 on GPIO14: no answer")


def test_sources():
    class Watched(Sensor):
        def watch(self, outbox, channel):
            outbox.put(channel, 1)

    outbox = Outbox()
    found = [
        (Sensor(None, [0]), dict(ENTRY, every_s=60)),
        (Watched(None, [0]), dict(ENTRY, driver="switch", every_s=60)),
        (Sensor(None, [0]), dict(ENTRY, driver="bme280", every_s=60, offset=1)),
        (Sensor(None, [0]), dict(ENTRY, driver="adc", address=7)),
    ]
    listed = sources(found)
    assert sensors.watch(Session(outbox, listed, None)) == 50 and outbox.taken == [
        (2, 1)
    ]  # its first channel is the third
    assert sensors.watch(Session(outbox, listed[:1], None)) == 1000 and len(outbox.taken) == 1
    assert [source.channel for source in listed] == [0, 2, 4, 6]
    assert [source.every_ms for source in listed] == [60000, 60000, 60000, 2000]
    # Kept: with news of its own, called often.
    assert [source.sensor is None for source in listed] == [True, False, True, False]
    assert listed[3].options == {"address": 7}
    sys.path.remove("/rom")  # without ROMFS a driver's code is in the heap, and is dropped between any two readings
    try:
        assert [source.sensor is None for source in sources(found)] == [True, False, True, True]
    finally:
        sys.path.append("/rom")


async def read_rarely(chip, options, readings):
    """Let sensors.run() read a TSL2561 `readings` times, every 10 s, with its driver dropped in between."""
    clock = Clock()
    outbox, faults = Outbox(), Faults()
    loads = 0
    real = sensors.module

    def module(driver):
        nonlocal loads
        loads += 1
        found = real(driver)
        found.asyncio = chip.clock
        return found

    with Replaced(sensors, "time", clock), Replaced(sensors, "module", module):
        source = sensors.Source("tsl2561", options, 0, "tsl2561", 10000, None)
        session = Session(outbox, [source], faults)
        sensors.drop = node.drop
        task = asyncio.create_task(guarded(sensors.run(session, (chip, None, None))))
        while len(outbox.taken) < readings:
            await clock.sleep_ms(1000)
            assert "node.sensors.tsl2561" not in sys.modules and source.sensor is None
        task.cancel()
    assert faults.current is None and loads == readings
    return [round(value) for _, value in outbox.taken]


async def test_a_driver_whose_turn_is_rare_is_not_kept_but_its_range_is():
    chip = TSL2561((33701 * 4, 11348 * 4))  # too much for 402 ms at 16x
    options = {}
    assert await read_rarely(fake_bus.Bus(chip, fake_bus.Clock()), options, 3) == [2277] * 3
    assert chip.timings == [0x12, 0x02, 0x02, 0x02]  # only the first reading searches its range
    assert options == {"range": 1}
