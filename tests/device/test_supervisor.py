import asyncio
import gc

import machine
from clock import Clock
from node import last_run, supervisor, with_room
from node.faults import Faults
from node.supervisor import Stop, Supervisor
from replaced import Replaced

LONG = 100000  # seconds; the row is not watched in a test
FUNCTION = 0  # in place of seconds

look_back = last_run.look_back

clock = None
faults = None
farewells = 0


class Ends:
    """Stands in for the session and the LED, which the supervisor ends."""

    def __init__(self, fails=False):
        self.fails = fails
        self.ended = []

    async def stop(self):
        global farewells
        farewells += 1
        if self.fails:
            raise OSError(5)

    def close(self):
        self.ended.append("close")

    def pin(self, level):
        self.ended.append(level)


def build(*rows, error_reboot_s=None, fails=False):
    """A started board, and its table of coroutines on a clock of its own."""
    global clock, faults, farewells
    clock = Clock()
    faults = Faults()
    farewells = 0
    supervisor.time = clock
    machine.RTC.contents = b""
    machine.cause = machine.PWRON_RESET
    look_back()
    ends = Ends(fails)
    return Supervisor(rows, faults, error_reboot_s, ends, ends)


def run_until_reset(table):
    """Run until the board is reset; return what the next start finds: (why, crashed, crashes in a row)."""
    try:
        table.run()
    except machine.Reset:
        machine.cause = machine.SOFT_RESET
        return look_back()
    raise AssertionError("no reset")


def watched(table):
    """A list of what each check for signs of life finds; True: all is well."""
    look = table._check
    found = []

    def looks(now):
        found.append(look(now))
        return found[-1]

    table._check = looks
    return found


async def lives():
    while True:
        await clock.sleep_ms(200)


def after(ms, act):
    """A coroutine function: calls `act` after `ms` virtual milliseconds, and then goes on."""

    async def coroutine():
        await clock.sleep_ms(ms)
        act()
        await lives()

    return coroutine


def stop():
    raise Stop("enough")


def interrupt():
    raise KeyboardInterrupt


def test_stop_ends_the_node_cleanly():
    table = build(("led", 5, lives), ("runapp", 5, after(2500, stop)))
    assert table.run() == "enough"
    assert farewells == 1
    assert table._timer.inits >= 2 and table._timer.callback is None and table.led.ended == ["close", 1]
    assert look_back() == ("power", False, 0)


def test_stop_survives_a_farewell_that_fails():
    assert build(("runapp", 5, after(10, stop)), fails=True).run() == "enough"


def test_restart_says_farewell_and_resets():
    def restart():
        raise Stop("no Wi-Fi", True)

    table = build(("wifi", 5, after(1000, restart)))
    assert run_until_reset(table) == ("restart: no Wi-Fi", False, 0)
    assert farewells == 1


def no_memory(*_):
    raise MemoryError("memory allocation failed, allocating 512 bytes")


async def ends_for_lack_of_memory():
    await clock.sleep_ms(2000)
    no_memory()


async def finds_none_for_an_import():
    await clock.sleep_ms(2000)
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
        assert farewells == 0 and table.led.ended[0] == "close"
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


def test_ctrl_c_leaves_no_timer_and_a_clean_loop():
    table = build(("led", 5, lives), ("crash", 5, after(3000, interrupt)))
    try:
        table.run()
        raise AssertionError("it went on")
    except KeyboardInterrupt:
        pass
    assert table._timer.callback is None and farewells == 0 and table.led.ended == ["close", 1]
    machine.cause = machine.WDT_RESET  # an old cause: a run that ended by itself was not reset by the watchdog
    assert look_back()[1] is False

    async def later():
        await asyncio.sleep_ms(5)
        return asyncio.current_task()

    assert asyncio.run(later())  # and none of the old coroutines runs on
    assert table._timer.callback is None


def test_a_crash_is_told_and_mended():
    starts = []

    async def crashes():
        starts.append(clock.elapsed_ms())
        if len(starts) < 4:
            raise ValueError("no")
        await lives()

    seen = []

    async def watches():
        while True:
            while faults.version == len(seen):
                await clock.sleep_ms(100)
            seen.append((clock.elapsed_ms(), faults.current))
            if faults.current is None:
                raise Stop("enough")

    build(("stats", 5, crashes), ("watches", LONG, watches)).run()
    gaps = [b - a for a, b in zip(starts, starts[1:])]
    for gap, wanted in zip(gaps, (1000, 2000, 4000)):
        assert gap == wanted, gaps
    assert seen[0][1] == (6, "stats: ValueError('no',)")
    assert seen[1][0] - starts[3] >= 59000, (seen, starts)  # a good minute, counted from the last start


def test_pauses_grow_to_a_minute_and_are_no_sign_of_death():
    starts = []

    async def crashes():
        starts.append(clock.elapsed_ms())
        if len(starts) == 9:
            raise Stop("enough")
        raise OSError(5)

    table = build(("stats", 30, crashes))
    looks = watched(table)
    assert table.run() == "enough"
    gaps = [b - a for a, b in zip(starts, starts[1:])]
    assert 57000 < gaps[-1] < 75000 and gaps[-2] > 57000 and gaps[0] < 15000, gaps
    assert all(looks) and len(looks) > 20


def test_a_return_is_a_crash():
    async def returns():
        pass

    build(("stats", 5, returns), ("runapp", 5, after(500, stop))).run()
    assert faults.current == (6, "stats: it returned")


def test_a_missing_library_is_fault_3():
    def imports():
        import no_such_library  # noqa: F401

    build(("session", 5, after(10, imports)), ("runapp", 5, after(500, stop))).run()
    assert faults.current[0] == 3 and "no_such_library" in faults.current[1]


def test_functions_have_their_turns_in_time():
    turns = {"slow": [], "quick": []}

    def turn(name, ms):
        turns[name].append(clock.elapsed_ms())
        return ms

    slow, quick = ("slow", FUNCTION, turn, "slow", 1000), ("quick", FUNCTION, turn, "quick", 100)
    build(slow, quick, ("runapp", 5, after(3500, stop))).run()
    assert len(turns["slow"]) == 4 and len(turns["quick"]) > 30, turns
    for name, ms in (("slow", 1000), ("quick", 100)):
        gaps = [b - a for a, b in zip(turns[name], turns[name][1:])]
        assert min(gaps) == max(gaps) == ms, gaps


def test_a_function_that_crashes_is_told_and_left_out_for_a_while():
    begun = []
    others = 0

    def crashes():
        begun.append(clock.elapsed_ms())
        if len(begun) == 4:
            raise Stop("enough")
        raise ValueError("no")

    def other():
        nonlocal others
        others += 1
        return 200

    table = build(("wifi", FUNCTION, crashes), ("led", FUNCTION, other))
    looks = watched(table)
    assert table.run() == "enough" and farewells == 1
    assert faults.current == (6, "wifi: ValueError('no',)")
    for gap, wanted in zip([b - a for a, b in zip(begun, begun[1:])], (1000, 2000, 4000)):
        assert wanted <= gap < wanted + 1500, begun
    assert others > 15
    assert table._timer.inits > 4
    assert all(looks) and len(looks) > 4


def test_a_function_that_returns_nothing_is_a_crash_and_one_that_holds_the_loop_is_named():
    turns = 0

    def nothing():
        pass

    def holds():
        nonlocal turns
        turns += 1
        if turns == 2:
            assert faults.current[0] == 6 and faults.current[1].startswith("wifi: TypeError"), faults.current
            table._timer.callback(table._timer)
        return 2000

    table = build(("wifi", FUNCTION, nothing), ("led", FUNCTION, holds), ("stats", 5, lives))
    assert run_until_reset(table) == ("watchdog: led", True, 1)


def test_cancellation_passes_through_the_guard():
    async def cancels_itself():
        asyncio.current_task()
        raise asyncio.CancelledError

    build(("stats", LONG, cancels_itself), ("runapp", 5, after(500, stop))).run()
    assert faults.current is None


def test_a_coroutine_that_shows_no_life_starves_the_watchdog():
    async def hangs():
        await asyncio.Event().wait()

    async def bites():
        fed = None
        while table._timer.inits != fed:  # the watchdog is fed each second
            fed = table._timer.inits
            await clock.sleep_ms(1500)
        late_at = clock.elapsed_ms()
        await clock.sleep_ms(5000)
        assert table._timer.inits == fed
        assert 5000 < late_at < 9000, late_at
        assert table._timer.period == 8000
        table._timer.callback(table._timer)

    table = build(("led", 5, lives), ("session", 5, hangs), ("timer", LONG, bites))
    assert run_until_reset(table) == ("watchdog: session", True, 1)


def test_a_coroutine_that_holds_the_loop_is_named_by_the_watchdog():
    def fire():  # the timer's callback runs while something holds the loop
        table._timer.callback(table._timer)

    table = build(("led", 5, lives), ("holds", 5, after(1500, fire)), ("stats", 5, lives))
    assert run_until_reset(table) == ("watchdog: holds", True, 1)


def test_a_good_minute_clears_the_count_and_tells_no_more_of_the_last_run():
    table = build(("led", 5, lives), ("runapp", 5, after(75000, stop)))
    faults.begin("crash", "watchdog: led", "")
    faults.begin("broker", "away")
    head = machine.RTC.contents
    machine.RTC.contents = head[:2] + b"\x02" + head[3:]
    table.run()
    assert faults.current == (2, "away")
    faults.clear("broker")
    assert faults.current is None
    assert machine.RTC.contents[2] == 0


def test_a_fault_that_lasts_restarts_the_board():
    def breaks():
        faults.begin("broker", "away")

    table = build(("session", 5, after(1000, breaks)), error_reboot_s=60)
    # Faults keeps real time here: let it believe that this one began long ago.
    faults.lasting = lambda seconds: faults.current[0] if clock.elapsed_ms() > 1000 * seconds else None
    assert run_until_reset(table) == ("restart: fault 2", False, 0)
    assert 60000 < clock.elapsed_ms() < 75000 and farewells == 1


def test_a_table_at_rest_allocates_nothing():
    grown = []

    async def waits():
        while True:
            await asyncio.sleep_ms(10)

    async def measures():
        await asyncio.sleep_ms(200)
        gc.collect()
        before = gc.mem_alloc()
        await asyncio.sleep_ms(2300)  # a hundred steps of the others, two of the watchdog's
        grown.append(gc.mem_alloc() - before)
        raise Stop("enough")

    table = build(("led", 5, waits), ("stats", 5, waits), ("measures", 5, measures), error_reboot_s=60)
    faults.begin("broker", "away")
    table.run()
    assert grown == [0], grown


def test_an_exception_of_the_runner_itself_resets_the_board():
    table = build(("led", 5, lives))
    table._guard = None
    assert run_until_reset(table) == ("crash: TypeErro", True, 1)
