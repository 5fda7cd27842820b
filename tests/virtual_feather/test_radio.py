"""The radio: joining, losing the link, rejoining, and its parameters in flash."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_time import VirtualTime, time

from virtual_feather.flash import Flash, PowerCut
from virtual_feather.processor.page import Page
from virtual_feather.radio import (
    ACCESS_POINT,
    CONNECTING,
    GOT_IP,
    IDLE,
    NO_AP_FOUND,
    OFF,
    STATION,
    WRONG_PASSWORD,
    Radio,
)

__all__ = ["time"]
MAC = bytes.fromhex("5ccf7f0a1b2c")


class Node:
    """A radio in a chip, and what it told the processor."""

    def __init__(self, time: VirtualTime, flash: Flash) -> None:
        self.links: list[bool] = []
        self.page = Page()
        self.radio = Radio(time.reactor, self.page, flash, MAC, self._changed)
        self.radio.power_on()

    def _changed(self) -> None:
        if self.radio.linked != (self.links[-1] if self.links else False):
            self.links.append(self.radio.linked)

    def ask(self, kind: str, data: bytes = b"") -> int | bytes:
        return self.radio.handlers[kind](data)

    def mode(self, mode: int) -> None:
        self.ask("M", bytes((mode,)))

    def connect(self, ssid: str, key: str) -> bool:
        return bool(self.ask("C", struct.pack("32s64s", ssid.encode(), key.encode())) and self.ask("J"))

    def join(self, ssid: str = "home", key: str = "secret") -> None:
        self.mode(self.page.opmode | STATION)
        self.connect(ssid, key)

    def set_access_point(self, ssid: str, key: str, channel: int = 6, security: int = 4) -> bool:
        words = (ssid.encode(), key.encode(), len(ssid), channel, security, 0)
        return bool(self.ask("A", struct.pack("32s64s4B", *words)))


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
    assert node.page.opmode == ACCESS_POINT
    assert node.radio.status == IDLE
    assert node.page.rssi == 31


def test_it_joins_any_network_and_says_so_once(node: Node, time: VirtualTime) -> None:
    node.join()
    assert node.radio.status == CONNECTING
    time.advance(5.0)
    assert node.radio.status == GOT_IP and node.radio.linked
    assert node.links == [True]
    assert node.page.rssi == -61


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
    node.ask("L")
    node.radio.change_air(on=True)
    time.advance(60.0)
    assert node.radio.status == IDLE and not node.links


def test_a_reset_forgets_the_link_and_remembers_the_network(node: Node, time: VirtualTime, flash: Flash) -> None:
    node.join()
    node.mode(STATION)
    time.advance(5.0)
    node.radio.power_off()
    assert node.links == [True, False]
    again = Node(time, flash)
    assert not again.radio.access_point_on
    time.advance(5.0)
    assert again.links == [True], "nobody has called connect()"
    assert bytes(again.page.station.ssid).rstrip(b"\0") == b"home"


def test_every_change_of_a_parameter_is_a_write_of_flash(node: Node) -> None:
    node.join()
    node.join()
    assert node.radio.flash_writes == 3
    node.ask("J")
    node.ask("L")
    assert node.radio.flash_writes == 3


def test_a_power_cut_in_a_write_leaves_a_chip_that_starts(node: Node, time: VirtualTime, flash: Flash) -> None:
    node.join()
    flash.cut_after = 4096 + 20  # in the middle of the new parameters
    with pytest.raises(PowerCut):
        node.connect("another", "key")
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
    assert node.set_access_point("MicroPython-0a1b2c", "micropythoN")
    assert node.radio.flash_writes == 1
    parameters = node.page.access_point
    assert bytes(parameters.ssid[: parameters.ssid_length]) == b"MicroPython-0a1b2c"
    assert (parameters.authmode, parameters.channel) == (4, 6)
    assert not node.set_access_point("a", "short"), "eight characters at least"
    assert not node.set_access_point("a", "long enough", channel=15)
    assert bytes(node.page.mac[0]) == MAC
    assert bytes(node.page.mac[1]) == bytes([MAC[0] | 2]) + MAC[1:]
    node.mode(STATION)
    assert not node.set_access_point("another", "long enough"), "off"


def test_a_station_that_is_off_does_nothing(node: Node, time: VirtualTime) -> None:
    assert node.page.status == OFF
    assert not node.connect("home", "secret")
    assert not node.ask("J")
    assert not node.ask("L")
    assert node.radio.flash_writes == 0
    time.advance(5.0)
    assert not node.links
    node.mode(STATION)
    assert node.page.status == IDLE


def test_an_address_that_a_program_has_set_is_gone_after_a_reset(node: Node) -> None:
    node.page.mac[0][:] = bytes(6)
    node.radio.power_off()
    node.radio.power_on()
    assert bytes(node.page.mac[0]) == MAC


@pytest.mark.parametrize(("air", "seen"), [({}, b"virtual"), ({"ssid": "home"}, b"home"), ({"on": False}, b"")])
def test_what_a_scan_sees(node: Node, air: dict, seen: bytes) -> None:
    node.radio.change_air(**air)
    row = node.ask("N")
    assert row[:32].rstrip(b"\0") == seen
