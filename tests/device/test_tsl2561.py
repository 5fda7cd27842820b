"""The TSL2561 driver on a chip of its own: its ranges, and how it uses the chip. Faults: test_tsl2561_faults.py."""

import asyncio

from fake_bus import raises
from fake_tsl2561 import Bench, times
from guarded import guarded
from node.sensors import Unmeasurable
from node.sensors.tsl2561 import Saturated, lux

R402_16X, R402, R101, R13 = 0x12, 0x02, 0x01, 0x00  # TIMING of the four ranges

# Ranges.


def test_most_sensitive_range_in_weak_light():
    bench = Bench((53, 16))
    assert abs(bench.read() - 0.996803) < 0.001
    assert bench.chip.timings == [R402_16X]


def test_darkness():
    assert Bench().read() == 0.0


def test_each_range_is_reached_and_agrees():
    # 569.29 lx in the most sensitive range; more of the same light needs the others.
    for factor, timings in ((1, [R402_16X]), (30, [R402_16X, R402]), (60, [R402_16X, R402, R101])):
        bench = Bench(times(factor))
        assert abs(bench.read() / (569.290088 * factor) - 1) < 0.002
        assert bench.chip.timings == timings
    # 13 ms clips at the same light as 101 ms: in the last range the sensor waits until the light is less.
    raises(Saturated, bench.read, *times(100))
    assert bench.chip.timings == [R101, R13]
    assert abs(bench.read(*times(62)) / (569.290088 * 62) - 1) < 0.002
    assert bench.chip.timings == [R13]


def test_range_is_kept_for_the_next_reading():
    bench = Bench(times(60))
    bench.read()
    bench.read()
    assert bench.chip.timings == [R101]


def test_back_to_the_most_sensitive_range_in_one_reading():
    bench = Bench(times(100))
    raises(Saturated, bench.read)
    started = bench.clock.now
    assert abs(bench.read(53, 16) - 0.996803) < 0.001
    assert bench.chip.timings == [R13, R101, R402, R402_16X]
    assert bench.clock.now - started <= 1000


def test_light_near_a_boundary_stays_in_its_range():
    bench = Bench((64000, 19000))
    bench.read()
    changes = 0
    for i in range(40):
        before = bench.chip.timings[-1]
        bench.read(*((66500, 19500), (63500, 19000))[i % 2])
        changes += bench.chip.timings[-1] != before
    assert changes == 1
    # Below three quarters of the finer range's limit, the sensor goes back to that range.
    bench.read(49500, 15000)
    assert bench.chip.timings == [R402]
    bench.read(47500, 14000)
    assert bench.chip.timings == [R402, R402_16X]


def test_flicker_between_integrations_ends():
    bench = Bench()
    dark, bright = (0, 0), times(300)
    sleep_ms = bench.clock.sleep_ms

    async def flicker(ms):
        if ms:
            bench.chip.light = bright if bench.chip.light == dark else dark
        await sleep_ms(ms)

    bench.clock.sleep_ms = flicker
    for _ in range(4):
        try:
            assert bench.read() == 0.0
        except Saturated:
            pass
        assert 0 < len(bench.chip.timings) <= 4


def test_saturated_in_the_last_range_is_no_number():
    bench = Bench(times(300))
    raises(Saturated, bench.read)
    assert bench.chip.timings == [R402_16X, R402, R101, R13]
    raises(Saturated, bench.read)
    assert bench.chip.timings == [R13]
    assert abs(bench.read(*times(1)) / 569.290088 - 1) < 0.002


def test_infrared_channel_alone_saturates():
    bench = Bench((60000, 75000))
    bench.read()
    assert bench.chip.timings == [R402_16X, R402]


def test_fixed_range():
    for gain, ms, timing in ((1, 402, R402), (16, 402, R402_16X), (16, 101, 0x11), (1, 101, R101), (16, 13, 0x10)):
        bench = Bench((3000, 900), {"gain": gain, "integration_ms": ms})
        assert bench.read() > 0
        assert bench.chip.timings == [timing]
        raises(Saturated, bench.read, 100000000, 30000000)
        assert bench.chip.timings == [timing]


def test_fixed_gain_leaves_the_time_automatic():
    bench = Bench(times(4), {"gain": 16})
    assert abs(bench.read() / (569.290088 * 4) - 1) < 0.002
    assert bench.chip.timings == [R402_16X, 0x11]


def test_fixed_time_leaves_the_gain_automatic():
    bench = Bench(times(4), {"integration_ms": 101, "gain": None})
    assert abs(bench.read() / (569.290088 * 4) - 1) < 0.002
    assert bench.chip.timings == [0x11]
    bench.read(*times(16))
    assert bench.chip.timings == [0x11, R101]


# The chip.


def test_package_comes_from_the_identity():
    for ident, package in ((0x50, b"T"), (0x5A, b"T"), (0x10, b"CS"), (0x11, b"CS")):
        assert Bench((28000, 5600), ident=ident).read() == lux(28000, 5600, 16, 402, package)


def test_another_chip_is_refused():
    for ident in (0x40, 0x01, 0xA0, 0xFF):
        bench = Bench(ident=ident)
        assert "0x%02x" % ident in str(raises(Unmeasurable, bench.read))
        assert bench.chip.timings == []


def test_addresses():
    assert Bench().sensor.address == 0x39
    for address in (0x29, 0x39, 0x49):
        bench = Bench((53, 16), {"address": address}, address=address)
        assert bench.read() > 0
    raises(OSError, Bench(address=0x49).read)


def test_slowest_oscillator():
    for factor in (1, 30, 60):
        bench = Bench(times(factor), period=1.065)
        assert abs(bench.read() / (569.290088 * factor) - 1) < 0.002


def test_off_between_readings():
    bench = Bench((53, 16))
    bench.read()
    assert not bench.chip.on


def test_a_reading_is_of_light_after_it_was_asked_for():
    bench = Bench((53, 16))
    first = bench.read()
    assert abs(bench.read(106, 32) - 2 * first) < 0.01
    assert bench.read(0, 0) == 0.0


def test_one_short_transfer_at_a_time():
    bench = Bench(times(60))
    bench.read()
    assert bench.clock.most_transfers == 1
    # Nine clocks a byte: 0.45 ms at 100 kHz.
    assert bench.bus.longest <= 5


def test_other_coroutines_run_meanwhile():
    bench = Bench((53, 16), {"integration_ms": 13, "gain": 16})
    others = 0

    async def other():
        nonlocal others
        while True:
            others += 1
            bench.clock.now += 1
            await asyncio.sleep_ms(1)

    async def main():
        task = asyncio.create_task(guarded(other()))
        await bench.sensor.read()
        task.cancel()

    asyncio.run(main())
    assert others > 2
