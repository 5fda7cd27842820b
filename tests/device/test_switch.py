"""The contact sensor: debounced, and published when it changes."""

import asyncio

import machine
from clock import Clock
from node.sensors import switch


class Closed(machine.Pin):
    """A pin that is held low."""

    def __init__(self, *args):
        super().__init__(*args)
        self.level = 0


class Outbox:
    def __init__(self, clock):
        self.clock = clock
        self.taken = []
        self.times = []

    def put(self, channel, value):
        self.taken.append((channel, value))
        self.times.append(self.clock.elapsed_ms())


class Bench:
    """A contact that the test opens and closes; times in ms."""

    def __init__(self):
        self.clock = Clock(until_wrap_ms=3000)
        self.sensor = switch.Sensor(None, {"pin": 14})
        self.pin = self.sensor._in
        self.outbox = Outbox(self.clock)

    def look(self):
        self.sensor.watch(self.outbox, 3)
        return 50

    async def act(self, ms, *levels):
        """Watch for `ms`; meanwhile set the levels, pairs of a time to wait and a level."""
        task = asyncio.create_task(self.clock.drive(self.look))
        end = self.clock.elapsed_ms() + ms
        for pause, level in levels:
            await self.clock.sleep_ms(pause)
            self.pin(level)
        await self.clock.sleep_ms(end - self.clock.elapsed_ms())
        task.cancel()
        return self.outbox.taken


async def test_the_state_at_the_start():
    bench = Bench()
    assert await bench.sensor.read() == (0,)
    machine.Pin, real = Closed, machine.Pin
    try:
        assert await Bench().sensor.read() == (1,)
    finally:
        machine.Pin = real


async def test_nothing_happens():
    assert await Bench().act(4000) == []  # and the clock's ticks wrap after 3 s


async def test_a_change_is_told_at_once():
    bench = Bench()
    assert await bench.act(4000, (1000, 0), (1000, 1)) == [(3, 1), (3, 0)]
    assert await bench.sensor.read() == (0,)
    for told, done in zip(bench.outbox.times, (1000, 2000)):
        assert 50 <= told - done < 600, bench.outbox.times


async def test_a_reading_says_what_was_told():
    bench = Bench()
    await bench.act(1000, (100, 0))
    assert await bench.sensor.read() == (1,)


async def test_bouncing_is_one_change():
    bench = Bench()
    assert await bench.act(1500, (500, 0), (5, 1), (5, 0), (5, 1), (5, 0)) == [(3, 1)]


async def test_a_spike_is_no_change():
    bench = Bench()
    assert await bench.act(1000, (300, 0), (20, 1)) == []
    assert await bench.sensor.read() == (0,)


async def test_a_change_before_the_watch_began_is_not_lost():
    bench = Bench()
    bench.pin(0)
    assert await bench.act(1000) == [(3, 1)]
