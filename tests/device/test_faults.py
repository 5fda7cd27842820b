from node import faults
from node.faults import BROKER, CRASH, SENSOR, WIFI, Faults


def test_names_are_those_of_the_constants():
    codes = {getattr(faults, name): name for name in dir(faults) if name.isupper() and not name.startswith("_")}
    assert sorted(codes) == [1, 2, 3, 4, 5, 6, 7, 8]
    for code, name in codes.items():
        assert faults.name(code) == name.lower()


def test_each_is_one_of_the_order():
    assert sorted(faults._ORDER) == sorted("12345678")


def test_nothing_is_wrong_at_first():
    f = Faults()
    assert f.current is None and f.version == 0 and not f.changed.is_set()


def test_begin_and_clear_are_visible():
    f = Faults()
    f.begin(SENSOR, "tsl2561 at 0x39: no answer", "tsl2561")
    assert f.current == (SENSOR, "tsl2561 at 0x39: no answer")
    assert f.version == 1 and f.changed.is_set()
    f.changed.clear()
    f.clear(SENSOR, "tsl2561")
    assert f.current is None and f.version == 2 and f.changed.is_set()


def test_repetition_is_no_change():
    f = Faults()
    f.begin(BROKER, "192.168.1.210: refused")
    f.changed.clear()
    f.begin(BROKER, "192.168.1.210: refused")
    f.clear(WIFI)
    assert f.version == 1 and not f.changed.is_set()
    f.begin(BROKER, "192.168.1.210: no route")
    assert f.version == 2 and f.current == (BROKER, "192.168.1.210: no route")


def test_two_sensors_end_their_faults_each():
    f = Faults()
    f.begin(SENSOR, "a", "first")
    f.begin(SENSOR, "b", "second")
    assert f.current == (SENSOR, "a")
    f.clear(SENSOR, "first")
    assert f.current == (SENSOR, "b")
    f.clear(SENSOR, "second")
    assert f.current is None


def test_a_cause_goes_before_what_follows_from_it():
    f = Faults()
    for code in (SENSOR, CRASH, BROKER, WIFI):
        f.begin(code, "")
        assert f.current == (code, "")
    f.begin(SENSOR, "hidden", "other")
    assert f.current == (WIFI, "") and f.version == 4


def test_lasting():
    f = Faults()
    assert f.lasting(0) is None
    f.begin(BROKER, "x")
    assert f.lasting(0) == (BROKER, "x")
    assert f.lasting(60) is None
