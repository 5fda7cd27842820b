"""Bytes to a client: a slow client loses nothing, a client that does not read delays no board."""

from __future__ import annotations

import pytest
from virtual_time import VirtualTime, time

from virtual_feather.output_queue import OutputQueue

__all__ = ["time"]
_BLOCK = bytes(1000)


class Client:
    """Takes `room` bytes and no more."""

    def __init__(self, time: VirtualTime) -> None:
        self.room = 0
        self.got = b""
        self.changes: list[bool] = []
        self._time = time
        self.wall_s = 0.0
        self.output_queue = OutputQueue(
            time.reactor, self.write, lambda: self.changes.append(self.output_queue.full), lambda: self.wall_s
        )

    def write(self, data: memoryview) -> int:
        if not self.room:
            raise BlockingIOError
        taken = min(self.room, len(data))
        self.got += bytes(data[:taken])
        self.room -= taken
        return taken

    def wait(self, seconds: float) -> None:
        """Let the same time pass on the board's clock and the real one."""
        for _ in range(round(seconds / 0.05)):
            self.wall_s += 0.05
            self._time.advance(0.05)

    def read(self, count: int) -> None:
        self.room += count
        self.output_queue.flush()


@pytest.fixture
def client(time: VirtualTime) -> Client:
    return Client(time)


def _fill(client: Client) -> bytes:
    """Send until the sender should pause; the bytes sent."""
    sent = b""
    while not client.output_queue.full:
        block = bytes((len(sent) // 1000 % 256,)) * 1000
        client.output_queue.send(block)
        sent += block
    return sent


def test_bytes_come_in_order(client: Client) -> None:
    client.room = 3
    for data in (b"abcde", b"fg", b"hij"):
        client.output_queue.send(data)
    assert client.got == b"abc"
    client.read(5)
    client.read(100)
    assert client.got == b"abcdefghij"
    assert not client.changes


def test_a_slow_client_makes_the_sender_pause_and_gets_everything(client: Client) -> None:
    sent = _fill(client)
    assert 64 * 1024 < len(sent) <= 64 * 1024 + 1000
    assert client.changes == [True]
    client.read(2000)
    assert client.changes == [True, False]
    client.read(len(sent))
    assert client.got == sent


def test_a_client_that_reads_nothing_for_two_seconds_holds_nobody_up(client: Client) -> None:
    sent = _fill(client)
    client.wait(1.8)
    assert client.output_queue.full
    client.wait(1.0)
    assert client.changes == [True, False]
    client.output_queue.send(b"lost")
    client.read(len(sent) + 1000)
    assert client.got == sent, "the oldest stays, as in the buffers of a driver"
    client.output_queue.send(b"and on")
    assert client.got == sent + b"and on"


def test_a_fast_clock_makes_no_client_slow(client: Client, time: VirtualTime) -> None:
    _fill(client)
    time.advance(3600.0)
    assert client.output_queue.full, "an hour of the board's, nothing of the client's"


def test_a_computer_that_stood_still_makes_no_client_slow(client: Client, time: VirtualTime) -> None:
    _fill(client)
    client.wall_s += 60.0
    time.advance(0.3)
    assert client.output_queue.full, "neither had a chance in that minute"


def test_one_that_reads_again_is_waited_for_again(client: Client) -> None:
    _fill(client)
    client.wait(3.0)
    assert not client.output_queue.full
    client.read(10_000)
    _fill(client)
    assert client.output_queue.full


def test_one_that_has_gone_leaves_nothing_for_the_next(client: Client, time: VirtualTime) -> None:
    _fill(client)
    client.output_queue.drop()
    assert client.changes == [True, False]
    client.read(10)
    client.output_queue.send(b"new")
    assert client.got == b"new"
    time.advance(10.0)


def test_a_dead_one_is_told(time: VirtualTime) -> None:
    def gone(_: memoryview) -> int:
        raise BrokenPipeError

    output_queue = OutputQueue(time.reactor, gone, lambda: None)
    with pytest.raises(OSError):
        output_queue.send(b"x")
