import asyncio

import network
from clock import Clock
from node import board, wifi
from node.board import watch_link
from node.faults import Faults
from node.supervisor import Stop

join = wifi.join

HOME = {"ssid": "home", "key": "12345678", "others": [], "hostname": None, "timeout_s": 20}
TWO = dict(HOME, others=[{"ssid": "garden", "key": "87654321"}])


def station():
    return network.interfaces[network.STA_IF]


def test_join_on_a_fresh_board():
    network.fresh()
    join(HOME)
    sta = station()
    assert (sta.on, sta.essid, sta.key, sta.connects, sta.writes) == (True, "home", "12345678", 1, 2)
    assert network.hostname() == "feather-1a2b3c"


def test_join_again_leaves_the_link_and_the_flash_alone():
    network.fresh()
    join(HOME)
    for state in (network.STAT_CONNECTING, network.STAT_GOT_IP):
        station().state = state
        join(HOME)
        assert station().connects == 1 and station().writes == 2


def test_join_rejoins_the_remembered_network_without_a_write():
    network.fresh()
    join(HOME)
    for state in (network.STAT_IDLE, network.STAT_NO_AP_FOUND):
        station().state = state
        join({"ssid": "home"})  # a config.json with only that
        assert station().state == network.STAT_CONNECTING
    assert station().connects == 3 and station().writes == 2


def test_join_leaves_a_link_to_another_known_network_alone():
    network.fresh()
    join(TWO)
    station().essid = "garden"
    station().state = network.STAT_GOT_IP
    join(TWO)
    assert station().connects == 1
    join(HOME)
    assert station().connects == 2 and station().essid == "home"


NAMES = ("x" * 31, "x" * 32, "\U0001f3e0" * 8, "x" * 31 + "y")


async def test_a_name_of_any_length_is_known_again_and_its_key_told_to_nobody():
    for name in NAMES:
        for others in ([], [{"ssid": "x" * 32, "key": "another secret"}]):
            s = Supervised(dict(HOME, ssid=name, key="secret of the house", others=others))
            join(s.settings)
            assert station().connects == 1, name
            await s.clock.sleep_ms(1000)  # the step begins with its own attempt
            station().state = network.STAT_NO_AP_FOUND
            await s.news()
            assert s.faults.current == (7, name + ": not found")
            s.task.cancel()


async def test_no_fault_7_is_left_when_the_link_is_back():
    """Whatever has become of its cause."""
    s = Supervised(HOME)
    station().state = network.STAT_NO_AP_FOUND
    await s.news()
    s.task.cancel()
    station().state = network.STAT_GOT_IP
    task = asyncio.create_task(s.clock.drive(watch_link, station(), s.settings, s.faults))
    await s.news()
    assert s.faults.current is None
    task.cancel()


def test_no_network_no_attempt():
    network.fresh()
    join(dict(HOME, ssid=""))
    assert station().connects == 0


class Supervised:
    """watch_link() on a clock of its own."""

    def __init__(self, settings):
        network.fresh()
        settings = self.settings = dict(settings)  # rejoin() stores its state in them
        join(settings)
        self.clock = Clock()
        self.faults = Faults()
        self.drops = 0
        wifi.time = board.time = self.clock
        board.drop = self.drop
        self.task = asyncio.create_task(self.clock.drive(watch_link, station(), settings, self.faults))

    def drop(self):
        self.drops += 1

    async def news(self):
        """Wait for the next change of fault."""
        version = self.faults.version
        while self.faults.version == version:
            await self.clock.sleep_ms(100)

    async def until(self, seconds):
        await self.clock.sleep_ms(1000 * seconds - self.clock.elapsed_ms())


async def test_fault_after_the_timeout_and_none_before():
    s = Supervised(HOME)
    for status, detail in (
        (network.STAT_NO_AP_FOUND, "home: not found"),
        (network.STAT_WRONG_PASSWORD, "home: wrong key"),
    ):
        lost = s.clock.elapsed_ms()
        station().state = network.STAT_IDLE
        await s.clock.sleep_ms(1000)  # it begins with its own attempt
        station().state = status
        await s.news()
        assert s.faults.current == (7, detail)
        assert 18000 < s.clock.elapsed_ms() - lost < 30000, (lost, s.clock.elapsed_ms())
        station().state = network.STAT_GOT_IP
        await s.news()
        assert s.faults.current is None
    s.task.cancel()


async def test_one_network_costs_one_write_an_outage():
    s = Supervised(dict(HOME, key="a new key"))
    station().key = "the old key"
    station().state = network.STAT_NO_AP_FOUND
    before = station().writes
    await s.until(800)
    assert station().writes == before + 1 and station().key == "a new key"
    s.task.cancel()


async def test_networks_are_tried_in_turn_for_longer_and_longer():
    s = Supervised(TWO)
    station().state = network.STAT_NO_AP_FOUND
    seen = []
    while s.clock.elapsed_ms() < 800000:
        if not seen or seen[-1][1] != station().essid:
            seen.append((s.clock.elapsed_ms() // 1000, station().essid))
        await s.clock.sleep_ms(1000)
    s.task.cancel()
    assert [essid for _, essid in seen[:4]] == ["home", "garden", "home", "garden"]
    for (at, _), wanted in zip(seen[1:], (20, 40, 60, 100, 140, 220, 300, 460, 620)):
        assert abs(at - wanted) < 15, seen


async def test_a_quarter_of_an_hour_without_link_restarts():
    s = Supervised(HOME)
    try:
        await s.task
        raise AssertionError("it returned")
    except Stop as e:
        assert e.args == ("no Wi-Fi", True)
    assert 900000 <= s.clock.elapsed_ms() < 901000


async def test_no_ssid_is_a_fault_and_no_reason_to_restart():
    s = Supervised(dict(HOME, ssid=""))
    await s.until(1000)
    assert s.faults.current == (7, "wifi.ssid is empty") and not s.task.done()
    s.task.cancel()


async def test_what_joins_again_is_dropped_when_there_is_a_link():
    s = Supervised(HOME)
    station().state = network.STAT_GOT_IP
    await s.until(5)
    drops = s.drops
    assert drops <= 1 and s.faults.version == 0
    station().state = network.STAT_NO_AP_FOUND
    await s.until(8)
    station().state = network.STAT_GOT_IP
    await s.until(10)
    assert s.drops == drops + 1 and s.faults.version == 0
    s.task.cancel()
