"""boot.py with any file `slot`: the node comes back, with the half that is named and has a file system."""

from __future__ import annotations

from nodes import Node
from updates import KEY, VERSION, bring, image, package, talk, versioned

# What is in the file, and the half that it names. Half 0 has the version that was flashed.
_SLOTS = (
    (b"", 0),
    (b"garbage", 0),
    (b"\xff\x00\xfe- 1 x", 0),
    (b"1", 0),
    (b"1 ", 0),
    (b"1 -", 0),
    (b"1 - 5 x", 1),
    (b"9 - 1 x", 1),
    (None, 0),
)


def _run(feather: Node, code: str) -> None:
    """Run code at the prompt, and reset the board."""
    with feather.board.console() as console:
        console.prompt()
        console.run(code)
    feather.board.ctl("reset")


def _each_starts(feather: Node, *versions: str) -> None:
    """versions: what runs when half 0 is named, and half 1."""
    for slot, half in _SLOTS:
        if slot is None:
            _run(feather, "import os\nos.remove('slot')")
        else:
            feather.board.put("/slot", slot)
        connected = feather.comes("connect", "", feather.broker.count)
        since = feather.broker.messages.index(connected)
        stats = feather.comes("stats", "", since)
        assert stats.json["version"] == versions[half], slot
        feather.reading(since)


def test_a_bad_slot(node):
    """Half 1 is empty, then garbage, then it has a version; at last half 0 has none."""
    feather: Node = node(update_key=KEY)
    feather.reading()
    _each_starts(feather, VERSION, VERSION)
    _run(feather, "import esp\nesp.flash_write(0xB0000 + 163840, b'no ROMFS' * 64)")
    _each_starts(feather, VERSION, VERSION)
    with talk(feather) as link:
        update = package(image(feather, {"lib/node/__init__.mpy": versioned("9.8")}), 9)
        assert bring(link, update).startswith("works")
    _each_starts(feather, VERSION, "9.8")
    _run(feather, "import esp\nesp.flash_erase(0xB0000 // 4096)")
    _each_starts(feather, "9.8", "9.8")
