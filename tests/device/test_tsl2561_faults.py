"""The TSL2561 driver while the bus, the supply or the chip fails: no number is invented, and readings come again."""

from fake_bus import fails_at_any_transfer, noise, raises, refuses
from fake_tsl2561 import Bench, times
from node.sensors import Unmeasurable


class WrongAfterCounts:
    """Noise for the bus: one bit of one register flips once DATA1 has been read."""

    def __init__(self, chip, register):
        self._chip = chip
        self._register = register
        self._armed = False

    def __call__(self, data):
        self._armed = self._armed or self._chip.register == 14
        if self._armed and self._chip.register == self._register:
            data[0] ^= 1


def test_no_answer_then_recovery():
    bench = Bench((53, 16))
    expected = bench.read()
    bench.bus.answers = False
    raises(OSError, bench.read)
    bench.bus.answers = True
    bench.chip.lose_power()
    assert bench.read() == expected


def test_no_answer_at_any_transfer():
    assert fails_at_any_transfer(Bench(times(4))) > 10


def test_bus_held_low_is_no_answer():
    bench = Bench((53, 16))
    bench.bus.held_low = True
    raises(OSError, bench.read)


def test_garbage_on_the_bus_is_no_number():
    bench = Bench(times(1))
    bench.bus.corrupt = noise()
    refuses(bench, 300)
    bench.bus.corrupt = None
    assert abs(bench.read() - 569.29) < 1


def test_a_register_that_is_wrong_after_the_counts_is_no_number():
    for register in (0, 1, 10):
        bench = Bench(times(1))
        bench.bus.corrupt = WrongAfterCounts(bench.chip, register)
        raises(Unmeasurable, bench.read)
        bench.bus.corrupt = None
        assert bench.read() > 0


def test_power_lost_while_integrating_is_no_number():
    bench = Bench(times(1))
    sleep_ms = bench.clock.sleep_ms

    async def brown_out(ms):
        if ms:
            bench.chip.lose_power()
        await sleep_ms(ms)

    bench.clock.sleep_ms = brown_out
    raises(Unmeasurable, bench.read)
    bench.clock.sleep_ms = sleep_ms
    assert abs(bench.read() - 569.29) < 1


def test_infrared_without_light_is_no_number():
    bench = Bench((0, 5000))
    assert type(raises(Unmeasurable, bench.read)) is Unmeasurable
    assert Bench((2, 6)).read() == 0.0  # the noise of the dark


def test_counts_above_full_scale_are_no_number():
    bench = Bench((3000, 900), {"integration_ms": 101, "gain": 1})

    def full(data):
        if bench.chip.register >= 12:
            data[:] = b"\xff\xff"

    bench.bus.corrupt = full
    assert type(raises(Unmeasurable, bench.read)) is Unmeasurable
