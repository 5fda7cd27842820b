"""A reading that never ends, or takes all memory: one way a row. The board is reset, which is counted and announced."""

from __future__ import annotations

import pytest
from nodes import Node

_WATCHDOG, _MEMORY = "watchdog: sensors", "crash: memory"
_WAYS = {
    "busy": ("while True: pass", _WATCHDOG),
    "asleep": ("while True: time.sleep_ms(50)", _WATCHDOG),
    "waiting": ("await asyncio.Event().wait()", _WATCHDOG),
    "greedy": ("while True: taken.append(bytearray(64)); await asyncio.sleep_ms(0)", _MEMORY),
    "greedy at once": ("while True: taken.append(bytearray(64))", _MEMORY),
    "greedy to the last byte": (
        "while True:\n                    try: taken.append(b'%d' % len(taken))\n"
        "                    except MemoryError: await asyncio.sleep_ms(0)",
        _MEMORY,
    ),
}
# Put into main.py: the first reading after a start works, the second never ends. The driver is spoiled at each load, as
# modules that a start has loaded are dropped after a while.
_HANG = """
def spoil():
    from node import sensors

    load = sensors.module
    taken = []

    def module(driver):
        found = load(driver)
        well = found.Sensor.read

        async def read(self):
            import asyncio
            import time

            if taken:
                {way}
            taken.append(1)
            return await well(self)

        found.Sensor.read = read
        return found

    sensors.module = module


spoil()

"""


@pytest.mark.parametrize(("way", "why"), _WAYS.values(), ids=_WAYS)
def test_the_board_is_reset(survivor, way: str, why: str) -> None:
    node: Node = survivor(main=lambda text: text.replace("\ndef ", f"\n{_HANG.format(way=way)}\ndef ", 1))
    node.comes("stats")
    resets = node.board.status()["resets"]
    since = node.broker.count
    began = node.board.clock
    while not node.broker.of("fault/n1", since) or not node.broker.of("stats/n1", since):
        node.board.skip(0.5)
        assert node.board.clock - began < 60, "no reset"
    print(f"announced again {node.board.clock - began:.1f} s after the reading that never ended was due")
    assert node.board.status()["resets"] == resets + 1
    assert node.broker.of("stats/n1", since)[0].json["reset"] == why
    fault = node.fault(6, since=since).json
    assert fault["detail"] == why
    node.comes("connect", since=since)
