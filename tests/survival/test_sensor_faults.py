"""The sensor's bus fails for half a minute of the board's clock, one kind of failure a row."""

from __future__ import annotations

import pytest
from nodes import Node

_EVERY_S = 5
_LASTS_S = 30


@pytest.mark.parametrize("fault", ["nack", "stuck", "hang", "garbage"])
def test_no_number_and_readings_again(survivor, fault: str) -> None:
    node: Node = survivor(sensors=[{"driver": "tsl2561", "every_s": _EVERY_S}])
    node.board.skip(3 * _EVERY_S)
    node.reading()
    since = node.broker.count
    node.board.ctl("i2c", fault)
    node.board.skip(_LASTS_S)
    if fault == "hang":  # the node ends this fault by itself
        _reads_again(node, since)
        return
    begun = node.fault(4, since)
    assert "tsl2561" in begun.json["detail"]
    assert not node.broker.of("sensors/n1/lux", node.broker.messages.index(begun)), "a number was published"
    since = node.broker.count
    node.board.ctl("i2c", "ok")
    _reads_again(node, since)
    node.fault(0, since)


def _reads_again(node: Node, since: int) -> None:
    """Check that a right reading comes within two intervals."""
    node.board.skip(2 * _EVERY_S)
    readings = [node.reading(since).number, *(message.number for message in node.broker.of("sensors/n1/lux", since))]
    assert readings == pytest.approx([250.0] * len(readings), rel=0.02)
