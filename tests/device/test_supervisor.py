"""How a table ends: by Stop, Ctrl-C, want of memory, a lasting fault; and what the next start learns of it."""

import asyncio

import machine
from node import last_run, supervisor, with_room
from node.faults import Faults
from node.supervisor import Stop
from replaced import Replaced
from supervised import FUNCTION, LONG, after, build, elapsed_ms, lives, run_until_reset, stop


def test_stop_ends_the_node_cleanly():
    table = build(("led", 5, lives), ("runapp", 5, after(2500, stop)))
    assert table.run() == "enough"
    assert table.session.farewells == 1
    assert table._timer.inits >= 2 and table._timer.callback is None and table.led.ended == ["close", 1]
    assert last_run.look_back() == ("power", False, 0)


def test_stop_survives_a_farewell_that_fails():
    assert build(("runapp", 5, after(10, stop)), fails=True).run() == "enough"


def test_restart_says_farewell_and_resets():
    def restart():
        raise Stop("no Wi-Fi", True)

    table = build(("wifi", 5, after(1000, restart)))
    assert run_until_reset(table) == ("restart: no Wi-Fi", False, 0)
    assert table.session.farewells == 1 and table.session.ended[0] == "kept"


def no_memory(*_):
    raise MemoryError("memory allocation failed, allocating 512 bytes")


async def ends_for_lack_of_memory():
    await asyncio.sleep_ms(2000)
    no_memory()


async def finds_none_for_an_import():
    await asyncio.sleep_ms(2000)
    await with_room(no_memory)


async def crashes_at_once():
    no_such_name  # noqa: B018, F821


class NoRoomToTell(Faults):
    begin = no_memory


def test_a_row_that_finds_no_memory_resets_the_board_with_that_word():
    for row in (
        ("session", LONG, ends_for_lack_of_memory),
        ("session", LONG, finds_none_for_an_import),
        ("session", LONG, no_memory),  # not even to make its coroutine
        ("led", FUNCTION, no_memory),
        ("session", LONG, crashes_at_once),
        ("led", FUNCTION, lambda: {}["x"]),
    ):
        table = build(("others", 5, lives), row)
        table.faults = NoRoomToTell()
        assert run_until_reset(table) == ("crash: memory", True, 1), row
        assert table.session.farewells == 0 and table.led.ended[0] == "close"
    table = build(("others", 5, lives))
    table._check = no_memory  # in the supervisor itself
    assert run_until_reset(table) == ("crash: memory", True, 1)


def test_a_reset_that_finds_no_memory_for_its_word_is_one_all_the_same():
    table = build(("led", 5, lives))
    with Replaced(last_run, "reset", no_memory):
        for reset in (lambda: supervisor.reset("crash", "x"), lambda: table._reset_by_watchdog(None)):
            try:
                reset()
                raise AssertionError("no reset")
            except machine.Reset:
                pass


def interrupt():
    raise KeyboardInterrupt


def test_ctrl_c_leaves_no_timer_and_a_clean_loop():
    table = build(("led", 5, lives), ("crash", 5, after(3000, interrupt)))
    try:
        table.run()
        raise AssertionError("it went on")
    except KeyboardInterrupt:
        pass
    assert table._timer.callback is None and table.session.farewells == 0 and table.led.ended == ["close", 1]
    machine.cause = machine.WDT_RESET  # an old cause: a run that ended by itself was not reset by the watchdog
    assert last_run.look_back()[1] is False

    async def later():
        await asyncio.sleep_ms(5)
        return asyncio.current_task()

    assert asyncio.run(later())  # and none of the old coroutines runs on
    assert table._timer.callback is None


def test_a_good_minute_clears_the_count_and_tells_no_more_of_the_last_run():
    table = build(("led", 5, lives), ("runapp", 5, after(75000, stop)))
    table.faults.begin("crash", "watchdog: led", "")
    table.faults.begin("broker", "away")
    head = machine.RTC.contents
    machine.RTC.contents = head[:2] + b"\x02" + head[3:]
    table.run()
    assert table.faults.current == (2, "away")
    table.faults.clear("broker")
    assert table.faults.current is None
    assert machine.RTC.contents[2] == 0


def test_a_fault_that_lasts_restarts_the_board():
    def breaks():
        table.faults.begin("broker", "away")

    table = build(("session", 5, after(1000, breaks)), error_reboot_s=60)
    # Faults keeps real time here: let it believe that this one began long ago.
    table.faults.lasting = lambda seconds: table.faults.current[0] if elapsed_ms() > 1000 * seconds else None
    assert run_until_reset(table) == ("restart: fault 2", False, 0)
    assert 60000 < elapsed_ms() < 75000 and table.session.farewells == 1


def test_an_exception_of_the_runner_itself_resets_the_board():
    table = build(("led", 5, lives))
    table._guard = None
    assert run_until_reset(table) == ("crash: TypeErro", True, 1)
