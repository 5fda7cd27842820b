"""The BH1750 driver: the datasheet's rows, and its behaviour on a chip of its own."""

from fake_bus import Bench, Chip, fails_at_any_transfer, noise, raises, refuses
from node.sensors import Saturated, bh1750
from node.sensors.bh1750 import lux

# Counts, MTreg, lux: counts / 1.2 * 69 / MTreg (BH1750FVI, pages 7 and 11), exactly.
_REFERENCE = (
    (0x8390, 69, 28066.6667),  # the worked example, which says 28067
    (0x0110, 69, 226.6667),
    (1, 69, 0.8333),
    (0, 69, 0.0),
    (65534, 69, 54611.6667),
    (65534, 31, 121554.5161),
    (1, 31, 1.8548),
)


class Bh1750(Chip):
    """Integrates once at each command. light: lux. slow: integration time relative to the typical one; 1.5 at most."""

    def __init__(self, light=0.0, address=0x23, slow=1.5):
        self.address = address
        self.light = light
        self.slow = slow
        self.integrations = []  # MTreg of each
        self.lose_power()

    def lose_power(self):
        self._mtreg, self._began, self._counts = 69, None, 0

    def write(self, data):
        (instruction,) = data
        if instruction >> 5 == 2:
            self._mtreg = (instruction & 7) << 5 | self._mtreg & 31
        elif instruction >> 5 == 3:
            self._mtreg = self._mtreg & 0xE0 | instruction & 31
        else:
            assert instruction == 0x20, hex(instruction)
            self._began = self.clock.now
            self.integrations.append(self._mtreg)

    def read(self, count):
        assert count == 2
        if self._began is not None:
            assert self.clock.now - self._began >= 120 * self._mtreg / 69 * self.slow, "read before it ended"
            self._counts = min(int(self.light * 1.2 * self._mtreg / 69 + 0.5), 65535)
            self._began = None
        return self._counts.to_bytes(2, "big")


def test_reference():
    for counts, mtreg, expected in _REFERENCE:
        assert abs(lux(counts, mtreg) - expected) < 0.0001 * max(expected, 1), (counts, mtreg, lux(counts, mtreg))


def test_readings_up_to_the_sun():
    for light in (0.0, 1.0, 250.0, 28067.0, 54000.0, 60000.0, 120000.0):
        bench = Bench(bh1750, Bh1750(light))
        (value,) = bench.read()
        assert abs(value - light) <= max(0.001 * light, 0.5), (light, value)
        assert bench.clock.now < 400


def test_the_short_range_is_for_the_sun_only():
    chip = Bh1750(54000.0)
    bench = Bench(bh1750, chip)
    bench.read()
    assert chip.integrations == [69]
    chip.light = 60000.0
    bench.read()
    assert chip.integrations == [69, 69, 31]


def test_too_much_light_is_no_number():
    bench = Bench(bh1750, Bh1750(130000.0))
    assert str(raises(Saturated, bench.read)) == "saturated"


def test_darkness():
    assert Bench(bh1750, Bh1750()).read() == (0.0,)


def test_addresses():
    assert Bench(bh1750, Bh1750()).sensor.address == 0x23
    assert Bench(bh1750, Bh1750(1.0, address=0x5C), address=0x5C).read()
    raises(OSError, Bench(bh1750, Bh1750(address=0x5C)).read)


def test_one_short_transfer_at_a_time():
    bench = Bench(bh1750, Bh1750(100000.0))
    bench.read()
    assert bench.clock.most_transfers == 1
    assert bench.bus.longest <= 3


def test_no_answer_at_any_transfer():
    assert fails_at_any_transfer(Bench(bh1750, Bh1750(100000.0))) == 10


def test_bus_held_low_is_not_darkness():
    bench = Bench(bh1750, Bh1750(250.0))
    bench.bus.held_low = True
    raises(OSError, bench.read)
    bench.bus.held_low = False
    assert abs(bench.read()[0] - 250) < 1


def test_garbage_on_the_bus_is_no_number():
    bench = Bench(bh1750, Bh1750(250.0))
    bench.bus.corrupt = noise()
    refuses(bench, 1000)


def test_power_lost_while_measuring_is_not_darkness():
    chip = Bh1750(250.0)
    bench = Bench(bh1750, chip)
    sleep_ms = bench.clock.sleep_ms
    lost = 0

    async def brown_out(ms):
        nonlocal lost
        if ms and not lost:
            lost = 1
            chip.lose_power()
        await sleep_ms(ms)

    bench.clock.sleep_ms = brown_out
    assert abs(bench.read()[0] - 250) < 1
    assert lost
