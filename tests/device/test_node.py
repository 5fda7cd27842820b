"""node: modules that nobody keeps, uptime over the wrap of ticks_ms(), and the calendar."""

import gc
import sys
import time

import node
from replaced import Replaced

LOADED = "start resets settings schema i2c_bus wifi connect resolve ntp stats late command announce quantities sleep"
LOADED = LOADED.split()  # and not kept


class Time:
    """In place of node's `time`: ticks that wrap at 2**30, and a calendar that begins in 2000."""

    def __init__(self, ticks=0, seconds=0):
        self.ticks = ticks
        self.seconds = seconds

    def ticks_ms(self):
        return self.ticks % (1 << 30)

    def ticks_diff(self, a, b):
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)

    def time(self):
        return self.seconds


def is_kept(name):
    return "node." + name in sys.modules or hasattr(node, name.split(".")[-1])


def test_a_module_that_was_loaded_is_kept_by_nobody():
    for name in LOADED:
        module = node.load(name)
        if name == "settings":
            node.load("schema")  # which it imports
        assert module.__name__ == "node." + name
        assert not is_kept(name), name
        assert node.load(name) is not module, name


def test_what_is_imported_stays():
    from node import faults, outbox, sensors, tasks  # noqa: F401

    before = set(name for name in sys.modules if name.startswith("node"))
    for name in LOADED:
        node.load(name)
    assert set(name for name in sys.modules if name.startswith("node")) == before


def test_loading_again_and_again_takes_no_heap():
    def rounds(count):
        for _ in range(count):
            for name in LOADED:
                node.load(name)
        gc.collect()
        return gc.mem_alloc()

    before = rounds(3)
    assert rounds(10) <= before


def test_a_driver_is_kept_by_nobody_nor_is_the_one_it_builds_on():
    from node import sensors

    for name in ("bme280", "bmp280", "adc", "tmp36", "tsl2561"):
        sensors.module(name).Sensor  # noqa: B018
        for other in ("bme280", "bmp280", "adc", "tmp36", "tsl2561"):
            assert "node.sensors." + other not in sys.modules, (name, other)
            assert not hasattr(sensors, other) and not hasattr(node, other), (name, other)


def test_one_that_does_not_exist_is_an_import_error_and_leaves_nothing():
    before = set(sys.modules)
    try:
        node.load("no_such_module")
        raise AssertionError
    except ImportError:
        pass
    assert set(sys.modules) == before


def test_uptime_counts_on_when_the_ticks_wrap():
    with Replaced(node, "time", Time((1 << 30) - 2500)) as fake, Replaced(node, "_last", None):
        with Replaced(node, "_s", 0), Replaced(node, "_ms", 0):
            seen = []
            for _ in range(12):
                seen.append(node.uptime())
                fake.ticks += 500
            assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
            fake.ticks += 5 * 86400 * 1000
            assert node.uptime() == 6 + 5 * 86400


def test_a_calendar_that_nobody_has_set_is_unknown():
    with Replaced(node, "time", Time(0, 12345)) as fake, Replaced(node, "_last", None), Replaced(node, "_s", 77):
        assert node.stamp() == 77 < node.KNOWN
        fake.seconds = 816979200
        assert node.stamp() == 816979200 >= node.KNOWN


def test_known_is_2024_in_the_epoch_of_the_board():
    assert time.gmtime(node.KNOWN + 946684800)[:6] == (2024, 1, 1, 0, 0, 0)
