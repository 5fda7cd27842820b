"""The time that bytes take on a serial line."""

from __future__ import annotations

import os
import termios
import tty

import pytest
from virtual_time import VirtualTime, time

from virtual_feather.pacing import Line, rate_of

__all__ = ["time"]


class Far:
    """The far end of a line: which bytes have come, and when."""

    def __init__(self, time: VirtualTime, baud: int = 115200) -> None:
        self.got = b""
        self.at: list[float] = []
        self.baud = baud
        self._now = time.reactor.now
        self.line = Line(time.reactor, self.receive, lambda: self.baud)

    def receive(self, data: bytes) -> None:
        self.got += data
        self.at.append(self._now())


@pytest.mark.parametrize("baud", [9600, 115200, 460800])
def test_bytes_take_ten_bits_each(time: VirtualTime, baud: int) -> None:
    far = Far(time, baud)
    data = os.urandom(10_000)
    far.line.send(data)
    assert far.line.ahead_s == pytest.approx(100_000 / baud)
    time.advance(100_000 / baud + 0.001)
    assert far.got == data
    assert far.at[-1] == pytest.approx(100_000 / baud, abs=0.0005)
    assert far.line.ahead_s == 0.0


def test_they_come_as_they_are_sent_not_at_the_end(time: VirtualTime) -> None:
    far = Far(time)
    far.line.send(bytes(11520))
    time.advance(0.5)
    assert len(far.got) == pytest.approx(5760, abs=64)


def test_what_is_sent_later_comes_behind(time: VirtualTime) -> None:
    far = Far(time)
    far.line.send(b"a" * 1152)
    far.line.send(b"b" * 1152)
    time.advance(0.15)
    assert set(far.got[:1152]) == {ord("a")} and far.got[1152:1153] == b"b"
    time.advance(0.06)
    assert len(far.got) == 2304
    assert far.at[-1] == pytest.approx(0.2, abs=0.0005)


def test_an_answer_waits_for_the_flash_chip(time: VirtualTime) -> None:
    far = Far(time)
    far.line.send(b"done", not_before=0.045)
    time.advance(0.045)
    assert not far.got
    time.advance(0.001)
    assert far.got == b"done"


def test_the_rate_may_change_between_two_bytes(time: VirtualTime) -> None:
    far = Far(time, 115200)
    far.line.send(bytes(1152))
    far.baud = 460800
    far.line.send(bytes(4608))
    time.advance(1.0)
    assert far.at[-1] == pytest.approx(0.2, abs=0.0005)


def test_an_idle_line_saves_nothing_up(time: VirtualTime) -> None:
    far = Far(time)
    time.advance(100.0)
    far.line.send(bytes(1152))
    time.advance(0.2)
    assert far.at[-1] == pytest.approx(100.1, abs=0.0005)


@pytest.mark.parametrize("baud", [9600, 74880, 115200, 230400, 460800, 921600])
def test_the_rate_that_a_client_has_set(baud: int) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    constant = getattr(termios, f"B{baud}", None)
    if constant is not None:
        attributes = termios.tcgetattr(slave)
        attributes[4] = attributes[5] = constant
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        assert rate_of(master) == baud
    else:
        assert baud == 74880, "the one rate of these that has no constant"
    os.close(slave)
    os.close(master)
