"""`ticks_ms` wraps, after 12.4 days, in the middle of the node's waits: nothing comes early, or never."""

from __future__ import annotations

from nodes import Node

_PERIOD_MS = 1 << 30
_EVERY_S = 5
_SAY_WHEN = "import time; print((-time.ticks_ms()) % {period})"


def test_wraps_after_the_start(survivor) -> None:
    """Within a minute: joining, connecting, a reading, a pause, a ping, the lit LED, the watchdog's second."""
    node: Node = survivor(sensors=[{"driver": "tsl2561", "every_s": _EVERY_S}], mqtt={"keepalive_s": 30})
    node.board.skip(2 * _EVERY_S)
    node.reading()
    for after_s in (0.3, 1, 2, 4.8, 5.2, 7, 9, 13, 22, 31, 47):
        _wraps(node, after_s)


def _wraps(node: Node, after_s: float) -> None:
    """Let the time pass until shortly before the next wrap, then start the node and check it for a minute."""
    board = node.board
    with board.console() as console:
        console.prompt()
        left_ms = int(console.run(_SAY_WHEN.format(period=_PERIOD_MS)))
        board.ctl("clock", "fast")
        console.send(b"time.sleep_ms(%d)\r" % max(0, left_ms - round(1000 * after_s)))
        console.read_until(b">>> ")
        board.ctl("clock", "real")
        since = node.broker.count
        console.send(b"\x04")
        console.read_until(b"soft reboot")
    board.ctl("clock", 0.3)
    node.comes("connect", since=since)
    began = board.clock
    board.skip(60)
    live = node.broker.of("sensors/n1/lux", since)
    readings = [*live, *node.broker.of("late/n1/lux", since)]
    took = board.clock - began
    print(f"{len(readings)} readings in {took:.1f} s from {after_s} s before the wrap on")
    assert took / _EVERY_S - 1 <= len(readings) <= took / _EVERY_S + 2
    assert not [m for m in node.broker.of("fault/n1", since) if m.json["code"]]
    assert len(node.broker.of("connect/n1", since)) == 1
    assert board.status()["resets"] == 1
    assert board.ctl("led").endswith("running")


def test_wraps_while_the_broker_is_away(survivor, relay) -> None:
    """In a pause between two attempts."""
    node: Node = survivor(sensors=[{"driver": "tsl2561", "every_s": _EVERY_S}], error_reboot_s=None)
    board = node.board
    board.skip(2 * _EVERY_S)
    node.reading()
    with board.console() as console:
        console.prompt()
        left_ms = int(console.run(_SAY_WHEN.format(period=_PERIOD_MS)))
        board.ctl("clock", "fast")
        console.send(b"time.sleep_ms(%d)\r" % (left_ms - 60_000))
        console.read_until(b">>> ")
        board.ctl("clock", "real")
        since = node.broker.count
        console.send(b"\x04")
    node.comes("connect", since=since)
    relay.refuse()
    relay.reset()
    board.skip(90)
    since = node.broker.count
    relay.accept()
    board.skip(12)
    node.comes("connect", since=since)
    board.skip(_EVERY_S)
    node.reading(since)
