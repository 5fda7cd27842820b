"""The supply goes at any moment of an update by air."""

from __future__ import annotations

import random

import pytest
from nodes import Node
from updates import KEY, has, main_py, module, package, sums, talk, versioned

from host.update.protocol import GO, Refused, Silent

pytestmark = pytest.mark.alone

_MOST = 130_000  # bytes: more than an update of these files writes and erases, from its head to its end


def _files(version: str) -> dict[str, bytes]:
    return {
        "lib/node/__init__.mpy": versioned(version),
        "lib/node/ntp.mpy": module("node/ntp", lambda text: text + f'\nNOBODY_READS = "{version}"\n'),
        "main.py": main_py(version),
    }


def test_a_power_cut_leaves_the_old_version_or_the_new_one(node, request, monkeypatch):
    """Alternately to two versions; an update that was cut short before it was tried is sent again the next time."""
    feather: Node = node(update_key=KEY, image="romfs")
    monkeypatch.setattr("host.update.protocol._TRIES", 1)
    monkeypatch.setattr("host.update.protocol._ANSWER_S", 1.5)  # the node is near: silence is the cut
    cuts = 500 if request.config.getoption("--long") else 20
    chance = random.Random(7)
    feather.reading()
    versions = {name: _files(name) for name in ("A", "B")}
    paths = list(versions["A"])
    with talk(feather) as air:
        air.send(package(1, versions["A"]))
        air.ask(GO)
        assert air.hear(30).startswith("works: update 1,")
    now = "A"
    ends = {"old": 0, "new": 0}
    for number in range(cuts):
        coming = "B" if now == "A" else "A"
        with talk(feather) as air:
            feather.board.ctl("power", "cut", str(chance.randrange(_MOST)))
            try:
                air.send(package(number + 2, versions[coming]))
                air.ask(GO)
                air.hear(5)
            except (Silent, Refused):
                pass
        feather.board.ctl("power", "off")
        since = feather.broker.count
        feather.board.ctl("power", "on")
        feather.reading(30, since)  # then it hears us, too
        with talk(feather) as air:
            air.ask(b"?")  # after it, what a trial may have had to say has been said
            there = has(air, paths)
        found = [version for version, files in versions.items() if sums(files) == there]
        assert found, f"after cut {number + 1} there is a mixture: {there}"
        ends["old" if found == [now] else "new"] += 1
        now = found[0]
    print(f"{cuts} power cuts during updates: {ends['old']} times the old version was there, {ends['new']} the new one")
    assert min(ends.values()) > cuts // 10
