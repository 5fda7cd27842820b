"""The TSL2561 of the virtual board, spoken to over its two wires."""

from __future__ import annotations

import pytest

from virtual_feather.chips.light import Light
from virtual_feather.chips.tsl2561 import Tsl2561

CONTROL, TIMING, INTERRUPT, ID, DATA0, DATA1 = 0x0, 0x1, 0x6, 0xA, 0xC, 0xE
MS13, MS101, MS402, MANUAL_STOP, MANUAL_RUN, GAIN16 = 0x00, 0x01, 0x02, 0x03, 0x0B, 0x10
COMMAND, CLEAR, WORD, BLOCK = 0x80, 0x40, 0x20, 0x10
NOMINAL = {MS13: 0.0137, MS101: 0.101, MS402: 0.402}
FULL_SCALE = {MS13: 5047, MS101: 37177, MS402: 65535}


class Bench:
    """A chip, the light on it and a controller on its bus."""

    def __init__(self, **options) -> None:
        self.now = 1000.0
        self.light = Light(lambda: self.now)
        self.address = options.get("address", 0x39)
        self.chip = Tsl2561(lambda: self.now, self.light, **options)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def write(self, *data: int) -> list[bool]:
        acknowledged = [self.chip.start(self.address, read=False)] + [self.chip.write(byte) for byte in data]
        self.chip.stop()
        return acknowledged

    def read(self, command: int, size: int = 1) -> bytes:
        assert self.chip.start(self.address, read=False)
        assert self.chip.write(command)
        assert self.chip.start(self.address, read=True)
        data = bytes(self.chip.read() for _ in range(size))
        self.chip.stop()
        return data

    def set(self, register: int, value: int) -> None:
        assert self.write(COMMAND | register, value) == [True] * 3

    def get(self, register: int) -> int:
        return self.read(COMMAND | register)[0]

    def counts(self) -> tuple[int, int]:
        channels = (self.read(COMMAND | WORD | register, 2) for register in (DATA0, DATA1))
        return tuple(int.from_bytes(data, "little") for data in channels)

    def integrate(self, timing: int) -> tuple[int, int]:
        """Power up, wait just long enough, read."""
        self.set(CONTROL, 0)
        self.set(TIMING, timing)
        self.set(CONTROL, 3)
        self.wait(NOMINAL[timing & 3] + 0.001)
        return self.counts()


def lux_of(counts: tuple[int, int], timing: int, package: str) -> float:
    """Lux by the datasheet's equation, written as a table, for comparison."""
    scale = {MS13: 322 / 11, MS101: 322 / 81, MS402: 1}[timing & 3] * (1 if timing & GAIN16 else 16)
    c0, c1 = (count * scale for count in counts)
    if c0 == 0:
        return 0.0
    r = c1 / c0
    if package == "T":
        rows = [
            (0.50, 0.0304 * c0 - 0.062 * c0 * r**1.4),
            (0.61, 0.0224 * c0 - 0.031 * c1),
            (0.80, 0.0128 * c0 - 0.0153 * c1),
            (1.30, 0.00146 * c0 - 0.00112 * c1),
        ]
    else:
        rows = [
            (0.52, 0.0315 * c0 - 0.0593 * c0 * r**1.4),
            (0.65, 0.0229 * c0 - 0.0291 * c1),
            (0.80, 0.0157 * c0 - 0.0180 * c1),
            (1.30, 0.00338 * c0 - 0.00260 * c1),
        ]
    return next((lux for limit, lux in rows if r <= limit), 0.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Registers and protocol.


def test_after_power_on(bench):
    assert bench.get(CONTROL) == 0x00
    assert bench.get(TIMING) == 0x02
    assert bench.counts() == (0, 0)


@pytest.mark.parametrize(("package", "part"), [("T", 5), ("CS", 1)])
def test_identity(package, part):
    assert Bench(package=package).get(ID) >> 4 == part


@pytest.mark.parametrize("address", [0x29, 0x39, 0x49])
def test_answers_at_its_address_only(address):
    chip = Bench(address=address).chip
    assert [a for a in range(0x80) if chip.start(a, read=False)] == [address]


def test_refuses_what_does_not_exist():
    with pytest.raises(ValueError, match="0x40"):
        Bench(address=0x40)
    with pytest.raises(ValueError, match="FN"):
        Bench(package="FN")


def test_power_reads_back_and_reserved_bits_do_not(bench):
    bench.set(CONTROL, 0xFF)
    assert bench.get(CONTROL) == 0x03
    bench.set(TIMING, 0xFF)
    assert bench.get(TIMING) == 0x1B


def test_read_only_registers(bench):
    for register in (7, 8, 9, ID, 0xB, DATA0, DATA1, 0xF):
        before = bench.get(register)
        bench.set(register, ~before & 0xFF)
        assert bench.get(register) == before


def test_thresholds_and_interrupt_hold_what_is_written(bench):
    assert all(bench.write(COMMAND | WORD | 2, 0x34, 0x12))
    assert all(bench.write(COMMAND | BLOCK | 4, 0x78, 0x56, 0x1F))
    assert bench.read(COMMAND | BLOCK | 2, 5) == b"\x34\x12\x78\x56\x1f"
    bench.read(COMMAND | CLEAR)
    assert bench.get(INTERRUPT) == 0x1F


def test_command_stays_selected_for_later_reads(bench):
    bench.write(COMMAND | ID)
    for _ in range(2):
        assert bench.chip.start(0x39, read=True)
        assert bench.chip.read() == 0x50
        bench.chip.stop()


def test_first_byte_without_command_bit_writes_nothing(bench):
    bench.write(CONTROL, 0x03)
    assert bench.get(CONTROL) == 0x00


# Integration.


@pytest.mark.parametrize("timing", [MS13, MS101, MS402])
@pytest.mark.parametrize("period", [0.94, 1.0, 1.065])
def test_integration_takes_its_time(timing, period):
    bench = Bench(period=period)
    bench.light.set(100)
    bench.set(TIMING, timing | GAIN16)
    bench.set(CONTROL, 0x03)
    bench.wait(NOMINAL[timing] * period - 0.0002)
    assert bench.counts() == (0, 0)
    bench.wait(0.0004)
    assert bench.counts()[0] > 0


def test_no_power_no_integration(bench):
    bench.light.set(100)
    bench.wait(10)
    assert bench.counts() == (0, 0)


def test_power_down_keeps_the_last_counts_and_drops_the_running_integration(bench):
    bench.light.set(100)
    before = bench.integrate(MS402)
    bench.light.set(200)
    bench.wait(0.3)
    bench.set(CONTROL, 0)
    bench.wait(10)
    assert bench.counts() == before != (0, 0)


def test_power_up_again_does_not_restart(bench):
    bench.light.set(100)
    bench.set(CONTROL, 3)
    bench.wait(0.3)
    bench.set(CONTROL, 3)
    bench.wait(0.11)
    assert bench.counts() != (0, 0)


def test_light_is_averaged_over_the_window(bench):
    bench.light.set(1000)
    whole = bench.integrate(MS402)[0]
    bench.set(CONTROL, 0)
    bench.set(CONTROL, 3)
    bench.wait(0.402 / 4)
    bench.light.set(0)
    bench.wait(0.402)
    assert bench.counts()[0] == pytest.approx(whole / 4, abs=1)


def test_cycles_repeat_and_each_sees_its_own_light(bench):
    bench.set(CONTROL, 3)
    seen = []
    for level in (100, 500, 0, 300):
        bench.light.set(level)
        bench.wait(0.402)
        seen.append(bench.counts()[0])
    assert seen == [seen[0], pytest.approx(5 * seen[0], abs=3), 0, pytest.approx(3 * seen[0], abs=2)]


def test_a_day_unread_gives_the_last_whole_cycle(bench):
    bench.light.set(100)
    expected = bench.integrate(MS13 | GAIN16)
    bench.light.set(5)
    bench.wait(86400)
    bench.light.set(100)
    bench.wait(2 * 0.0137)
    assert bench.counts() == expected


def test_timing_written_while_on_counts_from_the_next_cycle(bench):
    bench.light.set(100)
    slow = bench.integrate(MS402)[0]
    bench.set(TIMING, MS402 | GAIN16)
    bench.wait(0.3)
    assert bench.counts()[0] == slow
    bench.wait(0.402)
    assert bench.counts()[0] == slow
    bench.wait(0.402)
    assert bench.counts()[0] == pytest.approx(16 * slow, abs=16)


def test_manual_timing(bench):
    bench.light.set(100)
    expected = bench.integrate(MS402 | GAIN16)[0]
    bench.set(CONTROL, 0)
    bench.set(TIMING, MANUAL_STOP | GAIN16)
    bench.set(CONTROL, 3)
    bench.wait(5)
    bench.set(TIMING, MANUAL_RUN | GAIN16)
    bench.wait(0.201)
    bench.set(TIMING, MANUAL_STOP | GAIN16)
    bench.wait(5)
    assert bench.counts()[0] == pytest.approx(expected / 2, abs=1)


def test_low_byte_latches_the_high_one(bench):
    bench.light.set(100)
    old = bench.integrate(MS402 | GAIN16)[0]
    low = bench.read(COMMAND | DATA0)[0]
    bench.light.set(1000)
    bench.wait(1)
    assert bench.read(COMMAND | (DATA0 + 1))[0] << 8 | low == old
    assert bench.counts()[0] == pytest.approx(10 * old, rel=0.001)


# Light.


@pytest.mark.parametrize("timing", [MS13, MS101, MS402])
@pytest.mark.parametrize("gain", [0, GAIN16])
def test_saturates_at_full_scale(bench, timing, gain):
    bench.light.set(10_000_000)
    assert bench.integrate(timing | gain) == (FULL_SCALE[timing],) * 2


def test_darkness_is_zero_counts(bench):
    assert bench.integrate(MS402 | GAIN16) == (0, 0)


def measured(package: str, lux: float, ratio: float) -> float:
    """Lux from the most sensitive range that is not clipped."""
    bench = Bench(package=package)
    bench.light.set(lux, ratio)
    for timing in (MS402 | GAIN16, MS402, MS101, MS13):
        counts = bench.integrate(timing)
        if max(counts) < FULL_SCALE[timing & 3]:
            return lux_of(counts, timing, package)
    raise OverflowError("saturated")


@pytest.mark.parametrize("package", ["T", "CS"])
@pytest.mark.parametrize("lux", [0, 0.5, 1, 5, 250, 3000, 20000])
def test_counts_give_back_the_light(package, lux):
    assert measured(package, lux, 0.30) == pytest.approx(lux, rel=0.02, abs=0.05)


@pytest.mark.parametrize("package", ["T", "CS"])
@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 0.52, 0.61, 0.65, 0.7, 0.8, 0.9, 1.0])
def test_infrared_share_does_not_matter(package, ratio):
    assert measured(package, 250, ratio) == pytest.approx(250, rel=0.02)


@pytest.mark.parametrize("package", ["T", "CS"])
def test_200000_lux_saturate_every_range(package):
    with pytest.raises(OverflowError):
        measured(package, 200000, 0.30)
