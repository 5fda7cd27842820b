"""node: dropped modules, uptime across the wrap of ticks_ms(), and the calendar."""

import gc
import sys
import time

import node
from replaced import Replaced

DROPPED = """start last_run settings config_file schema text json_reader i2c_bus wifi resolve deep_sleep filters
jobs.change_settings jobs.command jobs.connect jobs.entities jobs.goodbye jobs.home_assistant jobs.late_readings
jobs.ntp jobs.stats sensors.bme280 sensors.bmp280 sensors.adc sensors.tmp36 sensors.tsl2561""".split()


class Time:
    """Replaces node's `time`: ticks wrap at 2**30, and the calendar begins in 2000."""

    def __init__(self, ticks=0, seconds=0):
        self.ticks = ticks
        self.seconds = seconds

    def ticks_ms(self):
        return self.ticks % (1 << 30)

    def ticks_diff(self, a, b):
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)

    def time(self):
        return self.seconds


def load(names):
    for name in names:
        __import__("node." + name)


def is_loaded(name):
    package, own = ("node." + name).rsplit(".", 1)
    return "node." + name in sys.modules or hasattr(sys.modules[package], own)


def test_what_is_not_kept_is_dropped():
    load(DROPPED)
    assert all(is_loaded(name) for name in DROPPED)
    node.drop()
    assert not any(is_loaded(name) for name in DROPPED)


def test_what_is_kept_stays():
    kept = "board faults jobs outbox packet_stream sensors session supervisor".split()
    load(kept)
    before = [sys.modules["node." + name] for name in kept]
    load(DROPPED)
    node.drop()
    assert [sys.modules["node." + name] for name in kept] == before
    assert not [name for name in sys.modules if name.startswith("node.") and name[5:] not in kept]


def test_loading_again_and_again_takes_no_heap():
    def rounds(count):
        for _ in range(count):
            load(DROPPED)
            node.drop()
        gc.collect()
        return gc.mem_alloc()

    before = rounds(3)
    assert rounds(10) <= before


def test_uptime_counts_on_when_the_ticks_wrap():
    with Replaced(node, "time", Time((1 << 30) - 2500)) as fake, Replaced(node, "last", None):
        with Replaced(node, "s", 0), Replaced(node, "ms", 0):
            seen = []
            for _ in range(12):
                seen.append(node.uptime())
                fake.ticks += 500
            assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
            fake.ticks += 5 * 86400 * 1000
            assert node.uptime() == 6 + 5 * 86400


def test_a_calendar_that_nobody_has_set_is_unknown():
    with Replaced(node, "time", Time(0, 12345)) as fake, Replaced(node, "last", None), Replaced(node, "s", 77):
        assert node.stamp() == 77 < node.KNOWN
        for seconds, stamp in ((816979200, 816979200), (node.LAST, node.LAST), (node.LAST + 1, 77), (1 << 32, 77)):
            fake.seconds = seconds
            assert node.stamp() == stamp


def test_known_is_2024_in_the_epoch_of_the_board():
    assert time.gmtime(node.KNOWN + 946684800)[:6] == (2024, 1, 1, 0, 0, 0)
