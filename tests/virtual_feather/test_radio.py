"""The radio: joining, losing, rejoining, and what it keeps in flash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_time import VirtualTime, time

from virtual_feather.flash import Flash, PowerCut
from virtual_feather.radio import CONNECTING, GOT_IP, IDLE, NO_AP_FOUND, OFF, WRONG_PASSWORD, Radio

__all__ = ["time"]
MAC = bytes.fromhex("5ccf7f0a1b2c")
_STA, _AP = 0, 1


class Node:
    """A radio in a chip, and what it has told the processor."""

    def __init__(self, time: VirtualTime, flash: Flash) -> None:
        self.links: list[bool] = []
        self.radio = Radio(time.reactor, flash, MAC, self.links.append)
        self.radio.power_on()

    def call(self, operation: str, *values: object) -> object:
        return self.radio.operations[operation](*values)

    def join(self, ssid: str = "home", key: str = "secret") -> None:
        self.call("wlan_active", _STA, True)
        self.call("wlan_connect", ssid, key)


@pytest.fixture
def flash(tmp_path: Path) -> Iterator[Flash]:
    flash = Flash(tmp_path / "flash.bin", 1 << 20)
    yield flash
    flash.close()


@pytest.fixture
def node(time: VirtualTime, flash: Flash) -> Node:
    return Node(time, flash)


def test_a_fresh_chip_has_an_open_access_point_and_no_network(node: Node) -> None:
    assert node.radio.access_point_on
    assert not node.call("wlan_active", _STA, None)
    assert node.radio.status == IDLE
    assert node.call("wlan_rssi") == 31


def test_it_joins_any_network_and_says_so_once(node: Node, time: VirtualTime) -> None:
    node.join()
    assert node.radio.status == CONNECTING
    time.advance(5.0)
    assert node.radio.status == GOT_IP and node.radio.linked
    assert node.links == [True]
    assert node.call("wlan_rssi") == -61


@pytest.mark.parametrize(
    ("ssid", "key", "status"),
    [("home", "secret", GOT_IP), ("home", "wrong", WRONG_PASSWORD), ("other", "", NO_AP_FOUND)],
)
def test_a_choosy_access_point(node: Node, time: VirtualTime, ssid: str, key: str, status: int) -> None:
    node.radio.change_air(ssid="home", key="secret")
    node.join(ssid, key)
    time.advance(3.0)
    assert node.radio.status == status
    assert node.radio.linked is (status == GOT_IP)


def test_it_tries_for_ever(node: Node, time: VirtualTime) -> None:
    node.radio.change_air(on=False)
    node.join()
    time.advance(3600.0)
    assert node.radio.status == NO_AP_FOUND
    node.radio.change_air(on=True)
    time.advance(5.0)
    assert node.radio.status == GOT_IP


def test_a_link_that_is_lost_comes_back_by_itself(node: Node, time: VirtualTime) -> None:
    node.join()
    time.advance(5.0)
    node.radio.change_air(on=False)
    assert node.links == [True, False], "at once"
    time.advance(60.0)
    node.radio.change_air(on=True)
    time.advance(5.0)
    assert node.links == [True, False, True]


def test_a_new_key_throws_it_out(node: Node, time: VirtualTime) -> None:
    node.radio.change_air(ssid="home", key="secret")
    node.join()
    time.advance(5.0)
    node.radio.change_air(key="changed")
    time.advance(5.0)
    assert node.radio.status == WRONG_PASSWORD


def test_disconnect_ends_the_trying(node: Node, time: VirtualTime) -> None:
    node.radio.change_air(on=False)
    node.join()
    time.advance(1.0)
    node.call("wlan_disconnect")
    node.radio.change_air(on=True)
    time.advance(60.0)
    assert node.radio.status == IDLE and not node.links


def test_a_reset_forgets_the_link_and_remembers_the_network(node: Node, time: VirtualTime, flash: Flash) -> None:
    node.join()
    node.call("wlan_active", _AP, False)
    time.advance(5.0)
    node.radio.power_off()
    assert node.links == [True, False]
    again = Node(time, flash)
    assert not again.radio.access_point_on
    time.advance(5.0)
    assert again.links == [True], "nobody has called connect()"
    assert again.call("wlan_text", "sta", bytes(64)) == (4, b"home")


def test_every_change_of_a_parameter_is_a_write_of_flash(node: Node) -> None:
    node.join()
    node.join()
    assert node.radio.flash_writes == 4
    node.call("wlan_connect", None, None)
    node.call("wlan_disconnect")
    assert node.radio.flash_writes == 4


def test_a_power_cut_in_a_write_leaves_a_chip_that_starts(node: Node, time: VirtualTime, flash: Flash) -> None:
    node.join()
    flash.cut_after = 4096 + 20  # in the middle of the new parameters
    with pytest.raises(PowerCut):
        node.call("wlan_connect", "another", "key")
    flash.cut_after = None
    again = Node(time, flash)
    assert again.radio.access_point_on, "as a fresh one"
    again.join()
    time.advance(5.0)
    assert again.radio.linked


def test_its_parameters_lie_in_the_last_sectors(node: Node, flash: Flash) -> None:
    node.join()
    assert flash.read(0, flash.size - 5 * 4096) == b"\xff" * (flash.size - 5 * 4096)


def test_access_point(node: Node) -> None:
    writes = node.radio.flash_writes
    assert node.call("wlan_set", _AP, "ssid", "MicroPython-0a1b2c", "security", 4, "key", "micropythoN", "channel", 6)
    assert node.radio.flash_writes == writes + 1
    assert node.call("wlan_text", "ap", bytes(64)) == (18, b"MicroPython-0a1b2c")
    assert node.call("wlan_ap", "security") == 4
    assert node.call("wlan_channel") == 6
    assert not node.call("wlan_set", _AP, "key", "short"), "eight characters at least"
    assert not node.call("wlan_set", _AP, "channel", 15)
    assert not node.call("wlan_set", _STA), "off"
    assert node.call("wlan_mac", _STA, bytes(6)) == (6, MAC)
    assert node.call("wlan_mac", _AP, bytes(6)) == (6, bytes([MAC[0] | 2]) + MAC[1:])
    node.call("wlan_active", _AP, False)
    assert not node.call("wlan_set", _AP, "ssid", "another")


def test_a_station_that_is_off_does_nothing(node: Node, time: VirtualTime) -> None:
    assert node.call("wlan_status") == OFF
    assert not node.call("wlan_connect", "home", "secret")
    assert not node.call("wlan_disconnect")
    assert node.radio.flash_writes == 0
    time.advance(5.0)
    assert not node.links
    node.call("wlan_active", _STA, True)
    assert node.call("wlan_status") == IDLE


def test_what_is_not_kept_in_flash_is_gone_after_a_reset(node: Node) -> None:
    node.call("wlan_put", "hostname", "cabin")
    node.call("wlan_setting", "sleep", 0)
    node.call("wlan_set_mac", _STA, bytes(6))
    assert node.call("wlan_text", "hostname", bytes(64)) == (5, b"cabin")
    assert (node.call("wlan_setting", "sleep", None), node.call("wlan_mac", _STA, bytes(6))[1]) == (0, bytes(6))
    node.radio.power_off()
    node.radio.power_on()
    assert node.call("wlan_text", "hostname", bytes(64)) == (10, b"ESP-0A1B2C")
    assert (node.call("wlan_setting", "sleep", None), node.call("wlan_mac", _STA, bytes(6))[1]) == (2, MAC)


@pytest.mark.parametrize(("air", "seen"), [({}, b"virtual"), ({"ssid": "home"}, b"home"), ({"on": False}, b"")])
def test_what_a_scan_sees(node: Node, air: dict, seen: bytes) -> None:
    node.radio.change_air(**air)
    assert node.call("wlan_text", "air", bytes(64)) == (len(seen), seen)
