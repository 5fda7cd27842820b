"""A reading that never ends: one way a row. The watchdog resets the board, the reset is counted and announced."""

from __future__ import annotations

import pytest
from nodes import Node

_WAYS = {
    "busy": "while True: pass",
    "asleep": "while True: time.sleep_ms(50)",
    "waiting": "await asyncio.Event().wait()",
}
# Put into main.py: the first reading after a start is well, the second never ends.
_HANG = """
def spoil():
    from node.sensors import tsl2561

    well = tsl2561.Sensor.read
    taken = []

    async def read(self):
        import asyncio
        import time

        if taken:
            {way}
        taken.append(1)
        return await well(self)

    tsl2561.Sensor.read = read


spoil()

"""


@pytest.mark.parametrize("way", _WAYS.values(), ids=_WAYS)
def test_the_watchdog_resets_the_board(survivor, way: str) -> None:
    node: Node = survivor(main=lambda text: text.replace("\ndef ", f"\n{_HANG.format(way=way)}\ndef ", 1))
    node.broker.wait("stats/n1")
    resets = node.board.status()["resets"]
    since = node.broker.count
    began = node.board.clock
    while not node.broker.of("fault/n1", since) or not node.broker.of("stats/n1", since):
        node.board.skip(0.5)
        assert node.board.clock - began < 60, "no reset"
    print(f"announced again {node.board.clock - began:.1f} s after the reading that never ended was due")
    assert node.board.status()["resets"] == resets + 1
    assert node.broker.of("stats/n1", since)[0].json["reset"] == "watchdog: sensors"
    fault = node.fault(6, since=since).json
    assert fault["detail"] == "watchdog: sensors"
    node.broker.wait("connect/n1", since=since)
