import gc
import time

from node import faults
from node.faults import Faults


def test_the_codes_are_those_of_the_contract():
    for code, name in enumerate(("refused", "broker", "library", "sensor", "publish", "crash", "wifi", "config")):
        f = Faults()
        f.begin(name, "x")
        assert f.current == (code + 1, "x"), name


def test_the_table_that_people_and_host_tools_read_is_the_one_that_counts():
    with open(faults.__file__) as f:
        rows = [line[2:].split(None, 2) for line in f if line[:2] == "# " and line[2:3].isdigit()]
    assert [int(row[0]) for row in rows] == list(range(1, 9))
    assert "|".join([row[1] for row in rows]) == faults.NAMES
    assert all(row[2].strip() for row in rows)


def test_the_order_of_all():
    f = Faults()
    for name in faults.NAMES.split("|"):
        f.begin(name, "")
    seen = []
    while f.current:
        seen.append(faults.NAMES.split("|")[f.current[0] - 1])
        f.clear(seen[-1])
    assert seen == ["config", "library", "wifi", "refused", "broker", "publish", "crash", "sensor"]


def test_nothing_is_wrong_at_first():
    f = Faults()
    assert f.current is None and f.version == 0


def test_begin_and_clear_are_visible():
    f = Faults()
    f.begin("sensor", "tsl2561 at 0x39: no answer", "tsl2561")
    assert f.current == (4, "tsl2561 at 0x39: no answer")
    assert f.version == 1
    f.clear("sensor", "tsl2561")
    assert f.current is None and f.version == 2


def test_repetition_is_no_change():
    f = Faults()
    f.begin("broker", "192.168.1.210: refused")
    f.begin("broker", "192.168.1.210: refused")
    f.clear("wifi")
    assert f.version == 1
    f.begin("broker", "192.168.1.210: no route")
    assert f.version == 2 and f.current == (2, "192.168.1.210: no route")


def test_two_sensors_end_their_faults_each():
    f = Faults()
    f.begin("sensor", "a", "first")
    f.begin("sensor", "b", "second")
    assert f.current == (4, "a")
    f.clear("sensor", "first")
    assert f.current == (4, "b")
    f.clear("sensor", "second")
    assert f.current is None


def test_a_cause_goes_before_what_follows_from_it():
    f = Faults()
    for code, name in ((4, "sensor"), (6, "crash"), (2, "broker"), (7, "wifi")):
        f.begin(name, "")
        assert f.current == (code, "")
    f.begin("sensor", "hidden", "other")
    assert f.current == (7, "") and f.version == 4


def test_lasting():
    f = Faults()
    assert f.lasting(0) is None
    f.begin("broker", "x")
    assert f.lasting(0) == 2
    assert f.lasting(60) is None


def test_a_fault_that_goes_on_began_when_it_began():
    f = Faults()
    f.begin("broker", "x")
    time.sleep_ms(1100)
    f.begin("broker", "y")
    f.begin("sensor", "z")
    assert f.current == (2, "y") and f.lasting(1) == 2
    f.clear("broker")
    assert f.lasting(1) is None


def test_what_no_restart_mends_does_not_last():
    for first, then, lasts in ((False, False, None), (True, False, None), (False, True, 4), (True, True, 4)):
        f = Faults()
        f.begin("sensor", "x", 0, first)
        f.begin("sensor", "y", 0, then)
        assert f.current == (4, "y") and f.lasting(0) == lasts


def test_no_detail_ends_it():
    f = Faults()
    f.begin("sensor", None, 0)
    assert f.current is None and f.version == 0
    f.begin("sensor", "no answer", 0)
    f.begin("sensor", None, 1)  # that is another one's
    assert f.current == (4, "no answer")
    f.begin("sensor", None, 0)
    assert f.current is None and f.version == 2


def test_being_well_again_and_again_takes_no_heap():
    f = Faults()
    f.begin("broker", "x")
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(100):
        f.clear("wifi")
        f.clear("broker")
        f.begin("broker", "x")
    gc.collect()
    assert gc.mem_alloc() <= before
