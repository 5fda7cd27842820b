import asyncio

from fast import Clock
from node import sampler, start
from node.faults import SENSOR, Faults
from node.sensors import Unmeasurable
from node.start import channels, samplers

ENTRY = {"driver": "tsl2561", "every_s": 2, "topics": {}, "name": None}


class Sensor:
    """Answers with what is in `plan`, one a reading: a tuple, or an exception to raise; the last one for ever."""

    quantities = (("lux", 2), ("infrared", 0))
    address = 0x39

    def __init__(self, clock, plan, takes_ms=0):
        self.clock = clock
        self.plan = list(plan)
        self.takes_ms = takes_ms
        self.began = []

    async def read(self):
        self.began.append(self.clock.elapsed_ms())
        await self.clock.sleep_ms(self.takes_ms)
        outcome = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Bus:
    recovered = 0

    def recover(self):
        self.recovered += 1


class Outbox:
    def __init__(self):
        self.taken = []

    def put(self, channel, value):
        self.taken.append((channel, value))


class Bench:
    """A sampler on a clock that runs fast."""

    def __init__(self, plan, takes_ms=0, entry=ENTRY, factor=50):
        self.clock = Clock(factor, until_wrap_ms=3000)
        sampler.time = start.asyncio = self.clock
        self.sensor = Sensor(self.clock, plan, takes_ms)
        self.bus, self.outbox, self.faults = Bus(), Outbox(), Faults()
        self.entry = entry

    def run(self):
        """The coroutine of its row in the table; another sensor has the first three channels."""
        before = Sensor(self.clock, [0])
        before.quantities = ((), (), ())
        found = [(before, ENTRY), (self.sensor, self.entry)]
        row = samplers(found, self.bus, self.outbox, self.faults)[1]
        return row[2](*row[3:])

    async def readings(self, count):
        """Run until so many readings have begun and the last of them has ended."""
        task = asyncio.create_task(self.run())
        while len(self.sensor.began) < count:
            await self.clock.sleep_ms(200)
        await self.clock.sleep_ms(self.sensor.takes_ms + 200)
        task.cancel()


async def test_readings_go_to_their_channels():
    bench = Bench([(1.5, 2.0), (3.5, 4.0)])
    await bench.readings(2)
    assert bench.outbox.taken == [(3, 1.5), (4, 2.0), (3, 3.5), (4, 4.0)]
    assert bench.faults.current is None and bench.bus.recovered == 0


async def test_the_first_reading_is_at_once_and_the_grid_does_not_drift():
    bench = Bench([(1, 1)], takes_ms=700)  # and the clock's ticks wrap after 3 s
    await bench.readings(8)
    first = bench.sensor.began[0]
    assert first < 500
    for i, began in enumerate(bench.sensor.began):
        assert -150 < began - first - 2000 * i < 500, bench.sensor.began


async def test_a_reading_that_takes_too_long_leaves_out_points_of_the_grid():
    bench = Bench([(1, 1)], takes_ms=4500)
    await bench.readings(4)
    first = bench.sensor.began[0]
    for i, began in enumerate(bench.sensor.began):
        assert -150 < began - first - 6000 * i < 700, bench.sensor.began


async def test_no_answer_is_a_fault_and_no_number_and_ends_by_itself():
    bench = Bench([OSError(5), OSError(110), (7, 8)])
    seen = []
    task = asyncio.create_task(bench.run())
    while bench.outbox.taken == []:
        if bench.faults.current not in seen:
            seen.append(bench.faults.current)
        await bench.clock.sleep_ms(100)
    task.cancel()
    assert seen[-1] == (SENSOR, "tsl2561 at 0x39: no answer")
    assert bench.bus.recovered == 2
    assert bench.outbox.taken == [(3, 7), (4, 8)]
    assert bench.faults.current is None and bench.faults.version == 2


async def test_what_cannot_be_measured_is_a_fault_and_no_number():
    bench = Bench([Unmeasurable("saturated")], entry=dict(ENTRY, name="roof"))
    await bench.readings(2)
    assert bench.faults.current == (SENSOR, "roof at 0x39: saturated")
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
    assert channels(found, "n") == [
        (b"sensors/n/lux", b"late/n/lux", "%.2f", False),
        (b"sensors/n/infrared", b"late/n/infrared", "%.0f", False),
        (b"house/roof", b"late/n/house/roof", "%.2f", False),
        (b"ir", b"late/n/ir", "%.0f", False),
    ]


def test_channels_of_a_state_are_retained():
    class State(Sensor):
        retain = True

    assert [channel[3] for channel in channels([(State(None, [0]), ENTRY)], "n")] == [True, True]


async def test_filters_are_between_the_sensor_and_the_outbox():
    entry = dict(ENTRY, delta={"lux": 10}, offset=1)
    bench = Bench([(100, 5), (105, 5), (111, 5)], entry=entry)
    await bench.readings(3)
    assert bench.outbox.taken == [(3, 101), (4, 6), (4, 6), (3, 112), (4, 6)]


async def test_a_sensor_on_a_gpio_is_named_by_it():
    class Wired:
        quantities = (("temperature", 1),)

        async def read(self):
            raise OSError(19)

    bench = Bench([(1, 1)], entry=dict(ENTRY, driver="dht22", pin=14))
    bench.sensor = Wired()
    task = asyncio.create_task(bench.run())
    await bench.clock.sleep_ms(500)
    task.cancel()
    assert bench.faults.current == (SENSOR, "dht22 on GPIO14: no answer")


async def test_news_are_read_at_once_and_do_not_shift_the_grid():
    bench = Bench([(1, 1)])
    news = [300, 900]  # ms after the start of the first and of the second sleep

    async def wait_ms(ms):
        await bench.clock.sleep_ms(min(ms, news.pop(0) if news else ms))

    bench.sensor.wait_ms = wait_ms
    await bench.readings(5)
    first = bench.sensor.began[0]
    for began, due in zip(bench.sensor.began, (0, 300, 1200, 2000, 4000)):
        assert -150 < began - first - due < 500, bench.sensor.began


def test_rows():
    found = [(Sensor(None, [0]), dict(ENTRY, every_s=60)), (Sensor(None, [0]), dict(ENTRY, driver="bme280"))]
    table = samplers(found, Bus(), Outbox(), Faults())
    assert [row[:2] for row in table] == [("tsl2561", 90), ("bme280", 32)]
