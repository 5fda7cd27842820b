import machine
from node import resets


def power_on():
    machine.RTC.contents = b""
    machine.cause = machine.PWRON_RESET


def die(state, who):
    try:
        resets.reset(state, who)
    except machine.Reset:
        machine.cause = machine.SOFT_RESET
        return
    raise AssertionError("no reset")


def test_power_on():
    power_on()
    assert resets.start() == ("power", False, 0)


def test_three_early_crashes_in_a_row_are_counted():
    power_on()
    resets.start()
    for n in (1, 2, 3):
        die(resets.WATCHDOG, "session")
        assert resets.start() == ("watchdog: session", True, n)
    assert n == resets.SAFE_AFTER


def test_a_good_minute_clears_the_count():
    power_on()
    resets.start()
    die(resets.WATCHDOG, "led")
    assert resets.start()[2] == 1
    resets.well()
    die(resets.CRASH, "MemoryError")
    assert resets.start() == ("crash: MemoryEr", True, 0)


def test_hardware_watchdog_and_exceptions_count_as_crashes():
    power_on()
    resets.start()
    for n, (cause, why) in enumerate(((1, "hardware watchdog"), (2, "exception"), (3, "SDK watchdog"))):
        machine.cause = cause
        assert resets.start() == (why, True, n + 1)


def test_soft_reset_after_a_clean_end_is_no_crash_though_the_old_cause_is_still_there():
    power_on()
    resets.start()
    machine.cause = machine.WDT_RESET
    assert resets.start()[1:] == (True, 1)
    resets.stopped()
    assert resets.start()[1:] == (False, 0)


def test_a_user_s_reset_is_no_crash_and_ends_the_row():
    power_on()
    resets.start()
    die(resets.WATCHDOG, "led")
    resets.start()
    machine.cause = machine.HARD_RESET
    assert resets.start() == ("button", False, 0)
    machine.cause = machine.SOFT_RESET
    assert resets.start() == ("soft", False, 0)


def test_a_wanted_restart_is_no_crash():
    power_on()
    resets.start()
    die(resets.RESTART, "no Wi-Fi for a while")
    assert resets.start() == ("restart: no Wi-Fi", False, 0)


def test_what_others_keep_in_rtc_memory_stays():
    power_on()
    resets.start()
    machine.RTC().memory(machine.RTC().memory()[:12] + b"readings" * 60)
    resets.well()
    resets.stopped()
    die(resets.CRASH, "x")
    resets.start()
    assert machine.RTC.contents[12:] == b"readings" * 60
    assert len(machine.RTC.contents) == 492


def test_memory_of_somebody_else_or_gone_bad_is_no_crash():
    for contents in (b"x", b"somebody else's program", b"hn", bytes(12)):
        power_on()
        machine.RTC.contents = contents
        assert resets.start() == ("power", False, 0), contents
    power_on()
    machine.RTC.contents = b"hn\xff\x03\xff\xc3\x28\x80abcd"
    assert resets.start()[1:] == (True, 255)
