"""The DHT22 driver: the datasheet's rows, and its behaviour on a wire with a sensor of its own."""

import asyncio

import machine
from fake_bus import Clock, noise, raises
from node.sensors import Unmeasurable, dht22
from node.sensors.dht22 import decode

# The five bytes, degrees Celsius, %: the worked examples of the datasheet AM2302, limits, and sensors that send
# temperatures below zero in two's complement of 16 bits, and of 12.
_REFERENCE = (
    ("02 92 01 0d a2", 26.9, 65.8),
    ("02 92 80 65 79", -10.1, 65.8),
    ("03 e7 03 20 0d", 80.0, 99.9),
    ("00 00 81 90 11", -40.0, 0.0),
    ("02 92 00 00 94", 0.0, 65.8),
    ("02 92 80 01 15", -0.1, 65.8),
    ("02 92 ff 9b 2e", -10.1, 65.8),
    ("02 92 ff ff 92", -0.1, 65.8),
    ("02 92 fe 70 02", -40.0, 65.8),
    ("02 92 0f 9b 3e", -10.1, 65.8),
    ("02 92 0f ff a2", -0.1, 65.8),
    ("02 92 0e 70 12", -40.0, 65.8),
    ("02 92 8f 9b be", -10.1, 65.8),
    ("02 92 80 00 14", 0.0, 65.8),
    ("02 92 04 e2 7a", 125.0, 65.8),
)
_ZERO_US, _ONE_US = 26, 70


def pulses(data):
    """Return the widths of the 40 pulses of five bytes."""
    return [_ONE_US if byte >> bit & 1 else _ZERO_US for byte in data for bit in range(7, -1, -1)]


class Wire:
    """machine.Pin with a DHT22: sends the measurement of the previous request, two seconds ago or more."""

    OPEN_DRAIN, PULL_UP = 2, 1
    held_low = False

    def __init__(self, gpio, mode, pull, value):
        assert (gpio, mode, pull, value) == (14, 2, 1, 1)
        self.there = True
        self.missed = False  # the high level after the release ends before the driver looks
        self.values = []  # the next measurements
        self.sent = frame("00 64 00 64 c8")  # a measurement of long ago
        self.train = []
        self.corrupt = None
        self._low_since = None

    def __call__(self, level):
        if not level:
            self._low_since = clock.now
        elif self._low_since is not None:
            assert 0.8 <= clock.now - self._low_since <= 20
            assert not irq, "interrupts are on"
            self._low_since = None
            self._answer()

    def _answer(self):
        self.train = []
        if not self.there:
            return
        data, self.sent = self.sent, self.values.pop(0)
        self.train = ([] if self.missed else [35]) + [80] + pulses(data)
        if self.corrupt:
            self.train = self.corrupt(self.train)


def time_pulse_us(pin, level, timeout):
    assert level == 1
    if pin.held_low:
        return -2
    return pin.train.pop(0) if pin.train else -1


clock = None
irq = True


def disable_irq():
    global irq
    irq = False
    return 7


def enable_irq(state):
    global irq
    assert state == 7
    irq = True


machine.Pin = Wire
machine.time_pulse_us, machine.disable_irq, machine.enable_irq = time_pulse_us, disable_irq, enable_irq


class Bench:
    """A sensor on a wire, which measures `texts` in a row."""

    def __init__(self, *texts):
        global clock
        clock = dht22.asyncio = Clock()
        self.sensor = dht22.Sensor(None, {"pin": 14})
        self.wire = self.sensor._pin
        self.wire.values = [frame(text) for text in texts or ("02 92 01 0d a2",) * 9]

    def read(self):
        value = asyncio.run(self.sensor.read())
        assert irq, "interrupts stayed off"
        return value


def frame(text):
    return bytes(int(byte, 16) for byte in text.split())


def test_reference():
    for text, celsius, percent in _REFERENCE:
        t, h = decode(pulses(frame(text)))
        assert abs(t - celsius) < 0.001 and abs(h - percent) < 0.001, (text, t, h)


def test_a_reading_is_of_now_and_not_of_the_last_time():
    bench = Bench("02 92 01 0d a2", "02 92 80 65 79", "02 92 00 00 94", "02 92 01 0d a2")
    assert bench.read() == (26.9, 65.8)
    assert bench.read() == (0.0, 65.8)
    assert 2000 < clock.now / 2 < 2200


def test_with_and_without_the_pulse_before_the_answer():
    bench = Bench()
    assert bench.read() == (26.9, 65.8)
    bench.wire.missed = True
    assert bench.read() == (26.9, 65.8)


def test_widths_of_the_slowest_and_the_fastest():
    for zero, one, answer in ((22, 68, 75), (30, 75, 85)):

        def corrupt(train):
            return [35, answer] + [one if width == _ONE_US else zero for width in train[2:]]

        bench = Bench()
        bench.wire.corrupt = corrupt
        assert bench.read() == (26.9, 65.8)


def test_nobody_there_then_recovery():
    bench = Bench()
    bench.wire.there = False
    raises(OSError, bench.read)
    bench.wire.there = True
    assert bench.read() == (26.9, 65.8)


def test_wire_shorted_to_ground_is_no_answer():
    bench = Bench()
    bench.wire.held_low = True
    raises(OSError, bench.read)


def test_bits_that_got_lost_are_no_number():
    for length in range(2, 41):
        bench = Bench()
        bench.wire.missed = True
        bench.wire.corrupt = lambda train: train[:length]
        assert str(raises(Unmeasurable, bench.read)) == "%d bits of 40" % (length - 1)


def test_a_wrong_bit_is_no_number():
    for bit in range(40):

        def corrupt(train):
            train[2 + bit] = _ZERO_US + _ONE_US - train[2 + bit]
            return train

        bench = Bench()
        bench.wire.corrupt = corrupt
        assert str(raises(Unmeasurable, bench.read)) == "checksum is wrong"


def test_values_out_of_range_are_no_number():
    too_wet, too_hot, too_cold = "03 e9 00 00 ec", "02 92 04 e3 7b", "02 92 81 91 a6"
    below = ("02 92 fe 6f 01", "02 92 0e 6f 11", "02 92 1f 9b 4e", "02 92 7f 9b ae", "02 92 ef 9b 1e")
    for text in (too_wet, too_hot, too_cold, "ff ff ff ff fc", "00 00 00 00 00") + below:
        assert str(raises(Unmeasurable, decode, pulses(frame(text)))) == "impossible values", text


def test_noise_is_rarely_a_number():
    # A sum of eight bits lets one in 256 pass, and most of those are out of range.
    corrupt, passed = noise(), 0
    for _ in range(2000):
        data = bytearray(5)
        corrupt(data)
        try:
            decode(pulses(data))
            passed += 1
        except Unmeasurable:
            pass
    assert passed <= 2, passed
