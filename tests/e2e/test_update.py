"""Updates by air: the firmware on a virtual Feather, a real Mosquitto."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from nodes import Node
from updates import KEY, has, main_py, module, package, sums, talk, versioned

from host.update.protocol import GO, MANIFEST, Refused, begin, piece

pytestmark = pytest.mark.alone

_BACK_S = 300


@pytest.mark.parametrize("image", ["romfs", "plain", "small"])
def test_an_update_takes_effect_and_stays(node, image):
    feather: Node = node(update_key=KEY, image=image)
    feather.reading()
    files = {"lib/node/__init__.mpy": versioned("9.9"), "main.py": main_py("new"), "lib/trial.mpy": module("trial")}
    if image == "romfs":
        files["trial.mpy"] = files.pop("lib/trial.mpy")
    with talk(feather) as air:
        since = feather.broker.count
        air.send(package(7, files))
        sent = feather.broker.count
        air.ask(GO)
        began = time.monotonic()
        assert air.hear(30) == "works: update 7, version 9.9"
        away = time.monotonic() - began
        assert has(air, list(files)) == sums(files)
    stats = feather.broker.wait(feather.topic("stats"), 5, since)
    assert stats.json["version"] == "9.9"
    times = [message.at for message in feather.broker.messages[since:sent] if message.topic == "sensors/n1/lux"]
    longest = max(b - a for a, b in itertools.pairwise(times))
    print(f"{image}: {longest:.2f} s between readings each second while it is sent, {away:.2f} s for the start with it")
    assert longest < 2
    feather.board.ctl("reset")
    since = feather.broker.count
    feather.reading(since=since)
    with talk(feather) as air:
        assert air.ask(b"?").split()[:3] == ["7", "romfs" if image == "romfs" else "flash", "9.9"]
    with feather.board.console() as console:
        console.prompt()
        assert "new" not in console.run("import os\nprint(os.listdir('/'))")


def _refused(air, message: bytes) -> str:
    with pytest.raises(Refused) as caught:
        air.ask(message)
    return str(caught.value)


def _hostile(air, counter: int) -> None:
    """Every update that must be refused, and the reason."""
    files = {"lib/node/ntp.mpy": module("node/ntp")}
    good = package(counter, files)
    forged = package(counter, files, key="66" * 32)
    assert _refused(air, begin(forged)) == "wrong signature"
    assert _refused(air, begin(package(counter, files, name="n2"))) == "it is for another node"
    assert _refused(air, begin(package(7, files))) == "replayed, or older than update 7"
    assert _refused(air, begin(good)[:61]) == "the head is truncated, or too long"
    assert _refused(air, begin(package(counter, {"lib/" + "n" * 50 + f"{i}.mpy": b"." for i in range(60)}))) == (
        "its manifest is longer than 6144 bytes"
    )
    assert "truncated" in _refused(air, GO)
    for path, content, reason in (
        ("config.json", b"{}", "config.json is not a file of the firmware"),
        ("lib/../main.py.mpy", b"x", "lib/../main.py.mpy is not a file of the firmware"),
        ("lib/big.mpy", b"x" * 32769, "lib/big.mpy is longer than 32768 bytes"),
        ("lib/none.mpy", b"", "lib/none.mpy is longer than 32768 bytes"),
    ):
        bad = package(counter, {path: content})
        air.ask(begin(bad))
        with pytest.raises(Refused, match=reason.replace(".", r"\.")):
            for at in range(0, len(bad.manifest), 90):
                air.ask(piece(MANIFEST, at, bad.manifest[at : at + 90]))
    air.ask(begin(good))
    assert _refused(air, piece(0, 0, b"x")) == "there is no such file in it"
    swapped = good.manifest.replace(b"9.9", b"6.6")
    air.ask(piece(MANIFEST, 0, swapped[:60]))
    assert _refused(air, piece(MANIFEST, 60, swapped[60:])) == "the manifest is not the one that was signed"
    air.ask(begin(good))
    air.ask(piece(MANIFEST, 0, good.manifest))
    content = files["lib/node/ntp.mpy"]
    assert _refused(air, piece(0, 100, content[100:200])) == "a piece from 100 is out of order: 0 is next"
    assert air.ask(piece(0, 0, content[:100])) == "100"
    assert air.ask(piece(0, 0, content[:100])) == "100", "sent twice"
    assert _refused(air, GO) == f"lib/node/ntp.mpy is truncated: 100 of {len(content)} bytes"
    assert _refused(air, b"p" + b"A" * 300) == "a message is too long"
    for at in range(100, len(content), 100):
        air.ask(piece(0, at, content[at : at + 99] + b"!" if at == 100 else content[at : at + 100]))
    assert "goes beyond" in _refused(air, piece(0, len(content), b"more"))
    assert _refused(air, GO) == "lib/node/ntp.mpy is not what was signed"
    assert _refused(air, b"hconfig.json") == "config.json is not a file of the firmware"
    assert _refused(air, b"z")


def test_what_is_refused_leaves_no_trace(node):
    # Read seldom: a reading under way takes some hundred bytes of its own.
    feather: Node = node(update_key=KEY, stats_s=10, sensors=[{"driver": "tsl2561", "every_s": 300}])
    feather.reading()
    with talk(feather) as air:
        air.send(package(7, {"lib/node/ntp.mpy": module("node/ntp")}))
        air.ask(GO)
        assert air.hear(30).startswith("works")
    free = []
    for counter in (8, 9, 10):
        with talk(feather) as air:
            _hostile(air, counter)
        free.append(_free(feather))
    print(f"free heap after each round of hostile updates: {free}")
    assert free[2] >= free[1] - 64, free
    since = feather.broker.count
    feather.broker.publish("cmd/n1/read", "")
    feather.reading(since=since)


def _free(feather: Node) -> int:
    """The free heap by the next stats/<id>."""
    since = feather.broker.count
    return feather.broker.wait(feather.topic("stats"), 15, since).json["free"]


def test_without_a_key_all_is_refused(node):
    feather: Node = node()
    feather.reading()
    with talk(feather) as air:
        update = package(1, {"lib/node/ntp.mpy": module("node/ntp")})
        assert _refused(air, begin(update)) == "there is no update_key in config.json"


_BAD = {
    "crashes at import": (
        "node/session",
        lambda text: text + "\nraise ValueError('bad')\n",
        "lib/node/session.mpy: Value",
    ),
    "does not compile": ("main.py", lambda text: text + "\n)\n", "main.py: SyntaxError"),
    "never reaches the broker": (
        "node/connect",
        lambda text: text.replace("    session.lost = None\n", "    session.lost = None\n    raise OSError\n"),
        "did not reach its broker within 180 s (of lib/node/connect.mpy)",
    ),
    "holds the loop": (
        "node/connect",
        lambda text: text.replace(
            "async def _connect(session):", "async def _connect(session):\n    while True:\n        pass\n"
        ),
        "crashed three times, at last in session (of lib/node/connect.mpy)",
    ),
    "eats the heap": (
        "node/connect",
        lambda text: text.replace(
            "async def _connect(session):",
            "_eaten = []\n\n\nasync def _connect(session):\n    while True:\n        _eaten.append(bytearray(32))\n",
        ),
        "(of lib/node/connect.mpy)",
    ),
}


@pytest.mark.parametrize("what", _BAD)
def test_a_bad_update_goes_back(node, what):
    """With the time that nobody waits through left out."""
    feather: Node = node("--fast", update_key=KEY, sensors=[{"driver": "tsl2561", "every_s": 30}], stats_s=600)
    path, change, reason = _BAD[what]
    if path == "main.py":
        files = {path: change(main_py("").decode()).encode()}
    else:
        files = {f"lib/{path}.mpy": module(path, change)}
    feather.reading(20)
    feather.board.ctl("clock", "real")
    with talk(feather) as air:
        air.send(package(5, files))
        air.ask(GO)
        feather.board.ctl("clock", "fast")
        since = feather.broker.count
        began = time.monotonic()
        answer = air.hear(_BACK_S)
        feather.board.ctl("clock", "real")
        print(f"{what}: after {time.monotonic() - began:.1f} s of the test: {answer}")
        assert answer.startswith("went back: update 5: ") and reason in answer
        (there,) = has(air, list(files))
        assert [there] != sums(files)
        assert air.ask(b"?").split()[0] == "5"
    fault = feather.broker.wait(feather.topic("fault"), 10, since, lambda message: reason in message.payload)
    assert json.loads(fault.payload)["name"] == "crash"
    feather.broker.wait(feather.topic("status"), 30, since, lambda message: message.payload == "online")
