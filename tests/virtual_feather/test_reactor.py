"""The reactor: alarms in the order of their times, descriptors, and the clock that can be skipped."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time as real_time

import pytest
from virtual_time import VirtualTime, time

from virtual_feather.reactor import EDGES, Reactor

__all__ = ["time"]


def test_alarms_ring_in_order_and_on_time(time: VirtualTime) -> None:
    rung: list[tuple[str, float]] = []
    for name, seconds in (("third", 3.0), ("first", 1.0), ("second", 1.5)):
        time.reactor.call_in(seconds, lambda name=name: rung.append((name, time.now)))
    time.advance(2.0)
    assert rung == [("first", 1.0), ("second", 1.5)]
    time.advance(1.0)
    assert rung[2:] == [("third", 3.0)]


def test_alarms_of_one_moment_ring_in_the_order_they_were_set(time: VirtualTime) -> None:
    rung: list[int] = []
    for i in range(5):
        time.reactor.call_at(1.0, lambda i=i: rung.append(i))
    time.advance(1.0)
    assert rung == [0, 1, 2, 3, 4]


def test_a_cancelled_alarm_is_silent_and_holds_nothing_up(time: VirtualTime) -> None:
    alarm = time.reactor.call_in(1.0, lambda: pytest.fail("it was cancelled"))
    alarm.cancel()
    assert time.reactor.skip(5.0)
    assert time.now == 5.0
    time.reactor.turn()


def test_an_alarm_may_set_the_next(time: VirtualTime) -> None:
    rung: list[float] = []

    def again() -> None:
        rung.append(time.now)
        time.reactor.call_in(0.5, again)

    again()
    time.advance(1.2)
    assert rung == [0.0, 0.5, 1.0]


def test_nothing_is_skipped_beyond_the_end_of_the_fast_time(time: VirtualTime) -> None:
    time.reactor.shared.fast_until_us = 3_000_000
    assert time.reactor.skip(5.0)
    assert time.now == 3.0
    assert not time.reactor.skip(5.0)


def test_a_processor_is_told_until_when_the_board_sleeps(time: VirtualTime) -> None:
    seen: list[int] = []
    near, far = socket.socketpair()
    time.reactor.watch(near.fileno(), lambda: seen.append(time.reactor.shared.free_until_us))
    time.reactor.call_in(2.0, lambda: None)
    far.send(b"x")
    time.reactor.turn()
    assert seen == [0], "it is awake"
    time.reactor.forget(near.fileno())
    sleeping = threading.Thread(target=time.reactor.turn, args=(0.2,))
    sleeping.start()
    real_time.sleep(0.05)
    assert time.reactor.shared.free_until_us == 2_000_000
    sleeping.join()
    for end in (near, far):
        end.close()


def test_skipping_stops_at_the_next_alarm_and_at_its_limit(time: VirtualTime) -> None:
    time.reactor.call_in(2.0, lambda: None)
    assert time.reactor.skip(1.0)
    assert time.now == 1.0
    assert time.reactor.skip(10.0)
    assert time.now == 2.0
    assert not time.reactor.skip(10.0), "the alarm is due, and has to ring first"
    time.reactor.turn()
    assert not time.reactor.skip(None), "there is nothing to skip to"


def test_what_arrives_is_told_until_forgotten(time: VirtualTime) -> None:
    near, far = socket.socketpair()
    seen: list[bytes] = []
    time.reactor.watch(near.fileno(), lambda: seen.append(near.recv(10)))
    far.send(b"one")
    time.reactor.turn()
    time.reactor.turn()
    assert seen == [b"one"]
    time.reactor.forget(near.fileno())
    far.send(b"two")
    time.reactor.turn()
    assert seen == [b"one"]
    near.close()
    far.close()


def test_edges_tell_of_room_as_well(time: VirtualTime) -> None:
    near, far = socket.socketpair()
    near.setblocking(False)
    calls: list[None] = []
    time.reactor.watch(near.fileno(), lambda: calls.append(None), EDGES)
    with pytest.raises(BlockingIOError):
        while True:
            near.send(b"x" * 4096)
    time.reactor.turn()
    told = len(calls)
    time.reactor.turn()
    assert len(calls) == told, "nothing has changed"
    far.recv(1 << 20)
    time.reactor.turn()
    assert len(calls) == told + 1
    near.close()
    far.close()


def test_a_descriptor_that_was_closed_and_opened_anew_is_not_told_of_the_old_ones_news(time: VirtualTime) -> None:
    """Both are ready in one turn; the first call replaces the second descriptor by a new one of the same number."""
    pairs = [socket.socketpair() for _ in range(2)]
    replaced: list[socket.socket] = []

    def replace(which: int) -> None:
        """The first of the two calls replaces the other's descriptor."""
        other = pairs[1 - which][0]
        number = other.fileno()
        time.reactor.forget(number)
        other.close()
        fresh, peer = socket.socketpair()
        replaced.extend((fresh, peer))
        assert fresh.fileno() == number
        time.reactor.watch(number, lambda: pytest.fail("nothing has been sent to this one"))

    for i, (near, far) in enumerate(pairs):
        time.reactor.watch(near.fileno(), lambda i=i: replace(i))
        far.send(b"x")
    time.reactor.turn()
    assert len(replaced) == 2
    for end in (*replaced, *(end for pair in pairs for end in pair)):
        end.close()


def test_a_signal_stops_it_at_once() -> None:
    reactor = Reactor()
    handler = signal.signal(signal.SIGUSR2, lambda *_: reactor.stop())
    try:
        threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR2)).start()
        reactor.run()
    finally:
        signal.signal(signal.SIGUSR2, handler)
        reactor.close()
