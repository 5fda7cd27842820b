import asyncio
import gc

from clock import Clock
from node import board
from node import faults as faults_module
from node.board import Led, pattern
from node.faults import Faults


class Recorder:
    """A pin that notes when it changed: [(virtual ms, level)]."""

    def __init__(self, clock):
        self.clock = clock
        self.changes = []
        self.level = None

    def __call__(self, level):
        if level != self.level:
            self.level = level
            self.changes.append((self.clock.elapsed_ms(), level))


def test_running_is_lit_but_for_200_ms_in_10_s():
    assert list(pattern(0)) == [98, 2]


def test_fault_is_ten_flashes_then_its_number():
    for code in range(1, 9):
        found = list(pattern(code))
        assert found[:19] == [1] * 19 and found[19] == 1 + 10  # 2 s, then a second dark
        assert found[20:-1] == [5] * (2 * code - 1) and found[-1] == 5 + 10
        assert len(found) % 2 == 0  # so that each round begins lit


def test_identify_is_flashes_without_end():
    assert list(pattern(9)) == [1, 1]


class Lamp(Led):
    """A Led on another pin."""

    def __init__(self, pin):
        Led.__init__(self, 0)
        self.pin = pin
        self.due = board.time.ticks_ms()


async def record(faults, ms, then=None):
    """Let the LED run for `ms` virtual milliseconds twice, with `then()` in between; return its changes."""
    clock = Clock()
    board.time = faults_module.time = clock
    pin = Recorder(clock)
    task = asyncio.create_task(clock.drive(Lamp(pin).blink, faults))
    await clock.sleep_ms(ms)
    changed_at = clock.elapsed_ms()
    if then:
        then()
        await clock.sleep_ms(ms)
    task.cancel()
    return pin.changes, changed_at


async def test_lit_is_low():
    changes, _ = await record(Faults(), 5000)
    assert [level for _, level in changes] == [0]


async def test_a_fault_shows_at_once_and_ends_at_once():
    faults = Faults()
    changes, changed_at = await record(faults, 3000, lambda: faults.begin("sensor", ""))
    after = [at for at, level in changes if at > changed_at]
    assert after[0] - changed_at <= 350, after  # 250 ms, then the first flash ends
    changes, changed_at = await record(faults, 4000, lambda: faults.clear("sensor"))
    assert changes[-1][1] == 0 and changes[-1][0] - changed_at <= 350, changes


async def test_identify_shows_before_a_fault_and_ends_by_itself():
    faults = Faults()
    faults.begin("sensor", "")

    def identify():
        faults.identify = board.time.ticks_add(board.time.ticks_ms(), 2000)

    changes, changed_at = await record(faults, 4500, identify)
    assert faults.identify is None
    after = [at - changed_at for at, _ in changes if at > changed_at]
    during = [at for at in after if 500 < at < 1900]
    assert 13 <= len(during) <= 14, after  # ten changes a second
    assert any(at > 2500 for at in after), after  # the fault's flashes


async def test_patterns_keep_time():
    faults = Faults()
    faults.begin("broker", "")
    changes, _ = await record(faults, 20000)
    lit = [at for at, level in changes if not level]
    # A round of fault 2 takes 2 + 1 + 2 + 1 s, and the LED is lit twelve times.
    assert len(lit) > 24
    for i in range(len(lit) - 24):
        assert lit[i + 12] - lit[i] == 6000, lit


async def test_blinking_allocates_nothing():
    faults = Faults()
    faults.begin("sensor", "")
    clock = board.time = faults_module.time = Clock()
    led = Lamp(lambda level: None)
    led.blink(faults)
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(30):  # three seconds of flashes
        await clock.sleep_ms(led.blink(faults))
    grown = gc.mem_alloc() - before
    assert grown == 0, grown
