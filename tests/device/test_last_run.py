"""What one run leaves for the next one, and what the next start finds."""

import machine
from node import last_run
from node.last_run import look_back


def power_on():
    machine.RTC.contents = b""
    machine.cause = machine.PWRON_RESET


def begin():
    """A start up to the run of its coroutines; what it finds."""
    found = look_back()
    last_run.note(b"begun")
    return found


def die(state, who):
    try:
        last_run.reset(state, who)
    except machine.Reset:
        machine.cause = machine.SOFT_RESET
        return
    raise AssertionError("no reset")


def test_power_on():
    power_on()
    assert begin() == ("power", False, 0)


def test_three_early_crashes_in_a_row_are_counted():
    power_on()
    begin()
    for n in (1, 2, 3):
        die("watchdog", "session")
        assert begin() == ("watchdog: session", True, n)


def test_a_good_minute_clears_the_count():
    power_on()
    begin()
    die("watchdog", "led")
    assert begin()[2] == 1
    last_run.note(b"good")
    die("crash", "MemoryError")
    assert begin() == ("crash: MemoryEr", True, 0)


def test_hardware_watchdog_and_exceptions_count_as_crashes():
    power_on()
    begin()
    for n, (cause, why) in enumerate(((1, "hardware watchdog"), (2, "exception"), (3, "SDK watchdog"))):
        machine.cause = cause
        assert begin() == (why, True, n + 1)


def test_soft_reset_after_a_clean_end_is_no_crash_though_the_old_cause_is_still_there():
    power_on()
    begin()
    machine.cause = machine.WDT_RESET
    assert begin()[1:] == (True, 1)
    last_run.note(b"stopped")
    assert begin()[1:] == (False, 0)


def test_a_user_s_reset_is_no_crash_and_ends_the_row():
    power_on()
    begin()
    die("watchdog", "led")
    begin()
    machine.cause = machine.HARD_RESET
    assert begin() == ("button", False, 0)
    last_run.note(b"stopped")  # by the Ctrl-C before a line is typed
    machine.cause = machine.SOFT_RESET
    assert begin() == ("soft", False, 0)


def test_a_reset_that_had_no_memory_for_a_word_says_so():
    """A reset by the watchdog, see supervisor.reset(). It counts until a run was good."""
    power_on()
    begin()
    machine.cause = machine.SOFT_RESET
    for n in (1, 2, 3):
        assert begin() == ("crash: memory", True, n)
    last_run.note(b"good")
    assert begin() == ("crash: memory", True, 0)


def test_a_wanted_restart_is_no_crash():
    power_on()
    begin()
    die("restart", "no Wi-Fi for a while")
    assert begin() == ("restart: no Wi-Fi", False, 0)


def test_a_crash_before_the_coroutines_run_counts_too():
    power_on()
    look_back()
    die("crash", "main.py")
    assert look_back() == ("crash: main.py", True, 1)


def test_held_by_runapp_is_not_running():
    power_on()
    look_back()
    machine.cause = machine.WDT_RESET  # an older cause, still there after a soft reset
    assert look_back()[1:] == (False, 0)


def test_what_others_keep_in_rtc_memory_stays():
    power_on()
    begin()
    machine.RTC().memory(machine.RTC().memory()[:12] + b"readings" * 60)
    last_run.note(b"good")
    last_run.note(b"stopped")
    die("crash", "x")
    begin()
    assert machine.RTC.contents[12:] == b"readings" * 60
    assert len(machine.RTC.contents) == 492


def test_memory_of_somebody_else_or_gone_bad_is_no_crash():
    for contents in (b"x", b"somebody else's program", b"hn", bytes(12)):
        power_on()
        machine.RTC.contents = contents
        assert begin() == ("power", False, 0), contents
    power_on()
    machine.RTC.contents = b"hn\xffw\xff\xc3\x28\x80abcd"
    assert begin()[1:] == (True, 255)
    power_on()
    machine.RTC.contents = b"hn\xff\x93\xff\xc3\x28\x80abcd"  # not the state of any run
    assert begin() == ("power", False, 0)
    die("watchdog", "led")
    assert begin()[1:] == (True, 1)
