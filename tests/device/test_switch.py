"""The contact: debounced, and awake when it changes."""

import asyncio

import machine
from fast import Clock
from node.sensors import switch


class Closed(machine.Pin):
    """A pin that somebody holds low."""

    def __init__(self, *args):
        super().__init__(*args)
        self.level = 0


class Bench:
    """A contact and someone who closes it; times in ms."""

    def __init__(self, factor=20):
        self.clock = switch.asyncio = switch.time = Clock(factor, until_wrap_ms=3000)
        self.sensor = switch.Sensor(None, {"pin": 14})
        self.pin = self.sensor._pin

    async def wait_ms(self, ms):
        """Return how long the sensor let its sampler sleep."""
        start = self.clock.elapsed_ms()
        await self.sensor.wait_ms(ms)
        return self.clock.elapsed_ms() - start

    async def act(self, *levels):
        """Pairs of a time to wait and a level to take."""
        for ms, level in levels:
            await self.clock.sleep_ms(ms)
            self.pin(level)

    async def both(self, ms, *levels):
        waited, _ = await asyncio.gather(self.wait_ms(ms), self.act(*levels))
        return waited


async def test_the_state_at_the_start():
    bench = Bench()
    assert await bench.sensor.read() == (0,)
    machine.Pin, real = Closed, machine.Pin
    try:
        assert await Bench().sensor.read() == (1,)
    finally:
        machine.Pin = real


async def test_nothing_happens():
    waited = await Bench().wait_ms(4000)  # and the clock's ticks wrap after 3 s
    assert 4000 <= waited < 4400, waited


async def test_a_change_ends_the_sleep():
    bench = Bench()
    waited = await bench.both(60000, (1000, 0))
    assert 1050 <= waited < 1600, waited
    assert await bench.sensor.read() == (1,)
    waited = await bench.both(60000, (500, 1))
    assert 550 <= waited < 1100, waited
    assert await bench.sensor.read() == (0,)


async def test_bouncing_is_one_change():
    bench = Bench(factor=5)
    waited = await bench.both(3000, (500, 0), (5, 1), (5, 0), (5, 1), (5, 0))
    assert waited < 1000
    assert await bench.sensor.read() == (1,)
    assert await bench.wait_ms(1000) >= 1000


async def test_a_spike_is_no_change():
    bench = Bench(factor=5)
    assert await bench.both(1000, (300, 0), (20, 1)) >= 1000
    assert await bench.sensor.read() == (0,)


async def test_between_two_sleeps_nothing_is_lost():
    bench = Bench()
    bench.pin(0)  # while the sampler was busy
    assert await bench.wait_ms(60000) < 500
    assert await bench.sensor.read() == (1,)
