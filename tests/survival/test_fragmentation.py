"""The heap stays in one piece: modules that are loaded and dropped all day leave no holes."""

from __future__ import annotations

import re
from statistics import median

from nodes import Node

_BLOCK = 16  # bytes of a block of the heap
_LOOKS = 6  # an hour
_LOOK = """
def heap():
    import gc
    import micropython

    gc.collect()
    micropython.mem_info()
    return 600000


def make():"""


def _with_six_looks_an_hour(main: str) -> str:
    return main.replace("\ndef make():", _LOOK).replace(
        "    table = [\n", '    table = [\n        ("heap", 0, heap),\n'
    )


def test_the_largest_free_block(survivor, request) -> None:
    hours = 24 if request.config.getoption("--long") else 3
    node: Node = survivor(
        _with_six_looks_an_hour, sensors=[{"driver": "tsl2561", "every_s": 60}], mqtt={"keepalive_s": 300}
    )
    said = ""
    with node.board.console() as console:
        for _ in range(hours):
            node.board.skip(3600)
            said += console.line.read(console.line.in_waiting).decode(errors="replace")
    free = [int(size) for size in re.findall(r"free: (\d+)", said)]
    largest = [_BLOCK * int(blocks) for blocks in re.findall(r"max free sz: (\d+)", said)]
    assert len(largest) >= _LOOKS * hours
    # A look also sees the task of the moment, 600 bytes up or down: the middle of six looks shows what stays.
    first, last = median(largest[_LOOKS : 2 * _LOOKS]), median(largest[-_LOOKS:])
    print(f"largest free block in the second hour: {first:.0f}; in hour {hours}: {last:.0f} of {free[-1]} free bytes")
    assert min(largest[_LOOKS:]) >= free[-1] * 3 // 4
    assert last >= first - 256
