"""Coroutines and functions of a table: their turns, their crashes, and the watchdog over them."""

import asyncio
import gc

from node.supervisor import Stop
from supervised import FUNCTION, LONG, after, build, elapsed_ms, lives, run_until_reset, stop, watched


def test_a_crash_is_told_and_mended():
    starts = []

    async def crashes():
        starts.append(elapsed_ms())
        if len(starts) < 4:
            raise ValueError("no")
        await lives()

    seen = []

    async def watches():
        while True:
            while table.faults.version == len(seen):
                await asyncio.sleep_ms(100)
            seen.append((elapsed_ms(), table.faults.current))
            if table.faults.current is None:
                raise Stop("enough")

    table = build(("stats", 5, crashes), ("watches", LONG, watches))
    table.run()
    gaps = [b - a for a, b in zip(starts, starts[1:])]
    for gap, wanted in zip(gaps, (1000, 2000, 4000)):
        assert gap == wanted, gaps
    assert seen[0][1] == (6, "stats: ValueError('no',)")
    assert seen[1][0] - starts[3] >= 59000, (seen, starts)  # a good minute, counted from the last start


def test_pauses_grow_to_a_minute_and_are_no_sign_of_death():
    starts = []

    async def crashes():
        starts.append(elapsed_ms())
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

    table = build(("stats", 5, returns), ("runapp", 5, after(500, stop)))
    table.run()
    assert table.faults.current == (6, "stats: it returned")


def test_a_missing_library_is_fault_3():
    def imports():
        import no_such_library  # noqa: F401

    table = build(("session", 5, after(10, imports)), ("runapp", 5, after(500, stop)))
    table.run()
    assert table.faults.current[0] == 3 and "no_such_library" in table.faults.current[1]


def test_functions_have_their_turns_in_time():
    turns = {"slow": [], "quick": []}

    def turn(name, ms):
        turns[name].append(elapsed_ms())
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
        begun.append(elapsed_ms())
        if len(begun) == 4:
            raise Stop("enough")
        raise ValueError("no")

    def other():
        nonlocal others
        others += 1
        return 200

    table = build(("wifi", FUNCTION, crashes), ("led", FUNCTION, other))
    looks = watched(table)
    assert table.run() == "enough" and table.session.farewells == 1
    assert table.faults.current == (6, "wifi: ValueError('no',)")
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
            assert table.faults.current[0] == 6 and table.faults.current[1].startswith("wifi: TypeError"), (
                table.faults.current
            )
            table._timer.callback(table._timer)
        return 2000

    table = build(("wifi", FUNCTION, nothing), ("led", FUNCTION, holds), ("stats", 5, lives))
    assert run_until_reset(table) == ("watchdog: led", True, 1)


def test_cancellation_passes_through_the_guard():
    async def cancels_itself():
        asyncio.current_task()
        raise asyncio.CancelledError

    table = build(("stats", LONG, cancels_itself), ("runapp", 5, after(500, stop)))
    table.run()
    assert table.faults.current is None


def test_a_coroutine_that_shows_no_life_starves_the_watchdog():
    async def hangs():
        await asyncio.Event().wait()

    async def bites():
        fed = None
        while table._timer.inits != fed:  # the watchdog is fed each second
            fed = table._timer.inits
            await asyncio.sleep_ms(1500)
        late_at = elapsed_ms()
        await asyncio.sleep_ms(5000)
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
    table.faults.begin("broker", "away")
    table.run()
    assert grown == [0], grown
