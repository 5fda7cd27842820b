"""The supply fails at any moment of an update over the air."""

from __future__ import annotations

import random

from nodes import Node
from updates import KEY, ROOT, bring, half, image, main_py, package, runs, talk, versioned

from host.update.protocol import Refused, Silent, go

_MOST = 150_000  # bytes: more than an update of this image writes and erases, from its head to its end
_SWITCH = 40_000  # more than the switch writes and erases, from "go" until the version is kept


def test_a_power_cut_leaves_the_old_version_or_the_new_one(node, request, monkeypatch):
    """Updates to two versions in turn; an update that was cut short before its trial is sent again the next time.

    Two of five cuts come after everything has arrived: while main.py and boot.py change, and during trial and keeping.
    """
    feather: Node = node(update_key=KEY)
    monkeypatch.setattr("host.update.protocol._TRIES", 1)
    monkeypatch.setattr("host.update.protocol._ANSWER_S", 1.5)  # the node answers fast: silence means the cut
    monkeypatch.setattr("host.update.protocol._PACE_S", 0.0)
    cuts = 500 if request.config.getoption("--long") else 15
    chance = random.Random(7)
    feather.reading()
    boot = (ROOT / "firmware" / "boot.py").read_text()
    versions = {
        name: {
            "lib/node/__init__.mpy": versioned(name),
            "main.py": main_py(name),
            "boot.py": f"{boot}# {name}\n".encode(),
        }
        for name in ("A", "B")
    }
    images = {name: image(feather, files) for name, files in versions.items()}
    with talk(feather) as link:
        assert bring(link, package(images["A"], 1)).startswith("works: update 1,")
    now = "A"
    ends = {"old": 0, "new": 0}
    for number in range(cuts):
        coming = "B" if now == "A" else "A"
        update = package(images[coming], number + 2)
        at_switch = number % 5 < 2
        with talk(feather) as link:
            try:
                running = half(link)
                if not at_switch:
                    feather.board.ctl("power", "cut", str(chance.randrange(_MOST)))
                link.send(update, running, "pytest")
                if at_switch:
                    feather.board.ctl("power", "cut", str(chance.randrange(_SWITCH)))
                link.ask(go(update))
                link.next_answer(5)
            except (Silent, Refused):
                pass
        feather.board.ctl("power", "off")
        since = feather.broker.count
        feather.board.ctl("power", "on")
        feather.reading(since)  # then it receives our messages, too
        with talk(feather) as link:
            link.ask(b"?")  # after its answer, all messages of a trial have come
            found = [version for version, content in images.items() if runs(link, content)]
            assert found, f"after cut {number + 1} there is another image"
            told = link.ask(b"?").split()
        assert told[2].startswith(found[0]) and not told[6:], f"cut {number + 1}: not of {found[0]}: {told}"
        ends["old" if found == [now] else "new"] += 1
        now = found[0]
    print(f"{cuts} power cuts during updates: {ends['old']} times the old version was there, {ends['new']} the new one")
    assert min(ends.values()) > cuts // 10
