"""device_libs/asyncio: as far as the node uses it, it behaves as MicroPython's, also when ticks_ms() wraps in mid-wait.

Most checks run on both and compare. The wrap is tested only on the small one, as MicroPython's has its clock built in.
"""

import asyncio as upstream
import sys
import time

PERIOD = 1 << 30


class WrappingTime:
    """A `time` whose ticks_ms() wraps at 2**30, `until_ms` from now."""

    def __init__(self, until_ms):
        self.start = time.ticks_ms()
        self.first = PERIOD - until_ms

    def sleep_ms(self, ms):
        time.sleep_ms(ms)

    def ticks_ms(self):
        return (self.first + time.ticks_diff(time.ticks_ms(), self.start)) % PERIOD

    def ticks_add(self, ticks, delta):
        return (ticks + delta) % PERIOD

    def ticks_diff(self, a, b):
        return (a - b + PERIOD // 2) % PERIOD - PERIOD // 2


def load(until_wrap_ms=None):
    """A fresh small asyncio, beside the built-in one."""
    folder = __file__.rsplit("/", 1)[0] + "/../../device_libs"
    saved = {name: sys.modules.pop(name) for name in ("asyncio", "time") if name in sys.modules}
    sys.path.insert(0, folder)
    if until_wrap_ms is not None:
        sys.modules["time"] = WrappingTime(until_wrap_ms)
    try:
        return __import__("asyncio")
    finally:
        sys.path.pop(0)
        for name in ("asyncio", "time"):
            sys.modules.pop(name, None)
        sys.modules.update(saved)


def on_both(check):
    """Run check(asyncio), a coroutine function, on each and compare what it returns."""
    results = []
    for asyncio in (upstream, load()):
        asyncio.new_event_loop()
        results.append(asyncio.run(check(asyncio)))
    upstream.new_event_loop()
    assert results[0] == results[1], results
    return results[0]


def test_it_is_another_module():
    assert load() is not upstream


def test_sleepers_wake_in_time_and_in_order():
    async def check(asyncio):
        seen = []

        async def sleeper(ms):
            start = time.ticks_ms()
            await asyncio.sleep_ms(ms)
            seen.append(ms)
            assert ms <= time.ticks_diff(time.ticks_ms(), start)

        for ms in (30, 10, 20, 0):
            asyncio.create_task(sleeper(ms))
        await asyncio.sleep(0.05)
        return seen

    assert on_both(check) == [0, 10, 20, 30]


def test_turns_are_fair():
    async def check(asyncio):
        seen = []

        async def talker(name):
            for i in range(3):
                seen.append(name)
                await asyncio.sleep_ms(0)

        for name in "abc":
            asyncio.create_task(talker(name))
        await asyncio.sleep_ms(10)
        return "".join(seen)

    assert on_both(check) == "abcabcabc"


def test_run_returns_and_raises():
    async def good():
        return 3

    async def bad():
        raise KeyError("x")

    for asyncio in (upstream, load()):
        asyncio.new_event_loop()
        assert asyncio.run(good()) == 3
        try:
            asyncio.run(bad())
            assert False
        except KeyError:
            pass
    upstream.new_event_loop()


def test_a_lost_exception_is_printed_and_the_others_go_on():
    async def check(asyncio):
        async def bad():
            raise ValueError("printed on purpose by this test")

        asyncio.create_task(bad())
        await asyncio.sleep_ms(5)
        return "the others go on"

    assert on_both(check) == "the others go on"


def test_ticks_may_wrap_in_the_middle_of_any_wait():
    for until_ms in (0, 1, 5, 12, 25, 40):
        asyncio = load(until_ms)

        async def check():
            seen = []

            async def sleeper(ms):
                start = time.ticks_ms()
                await asyncio.sleep_ms(ms)
                took = time.ticks_diff(time.ticks_ms(), start)
                assert ms <= took + 1, (until_ms, ms, took)
                seen.append(ms)

            for ms in (30, 10, 20, 0, 45):
                asyncio.create_task(sleeper(ms))
            await asyncio.sleep_ms(25)
            await asyncio.sleep_ms(40)
            return seen

        seen = asyncio.run(check())
        assert seen == [0, 10, 20, 30, 45], (until_ms, seen)


def test_sleeping_retains_nothing():
    import gc

    asyncio = load()

    async def check():
        async def other():
            while True:
                await asyncio.sleep_ms(0)

        asyncio.create_task(other())

        async def rounds(count):
            for _ in range(count):
                await asyncio.sleep_ms(0)
            gc.collect()
            return gc.mem_alloc()

        before = await rounds(50)
        return await rounds(2000) - before

    assert asyncio.run(check()) <= 0


def test_it_has_every_name_that_the_firmware_uses():
    import os

    asyncio = load()
    folder = __file__.rsplit("/", 1)[0] + "/../../firmware/lib/node"
    names = set()
    for path in (folder, folder + "/sensors"):
        for entry in os.ilistdir(path):
            if entry[0].endswith(".py"):
                with open(path + "/" + entry[0]) as file:
                    for piece in file.read().split("asyncio.")[1:]:
                        name = ""
                        for c in piece:
                            if not (c.isalpha() or c == "_"):
                                break
                            name += c
                        names.add(name)
    assert "sleep_ms" in names and "create_task" in names
    missing = [name for name in names if name and not hasattr(asyncio, name)]
    assert not missing, missing
