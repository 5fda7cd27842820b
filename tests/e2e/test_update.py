"""Updates over the air: the firmware on a virtual Feather, a real Mosquitto."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import threading
import time

import pytest
from computer import LONG
from nodes import Node
from updates import KEY, ROOT, bring, half, image, main_py, module, package, runs, talk, versioned

from host.image.images import ROMFS_HALF
from host.update.protocol import Refused, begin, go, piece

_BACK_S = 300
_LIB = ROOT / "firmware" / "lib"


def test_an_update_takes_effect_and_stays(node):
    """Two updates: each goes into the half that does not run, so the second into the half of the start."""
    feather: Node = node(update_key=KEY)
    feather.reading()
    with talk(feather) as link:
        for number, version in enumerate(("9.8", "9.9"), 1):
            coming = image(feather, {"lib/node/__init__.mpy": versioned(version), "main.py": main_py(version)})
            since = feather.broker.count
            began_at = feather.board.clock
            link.send(package(coming, number), 1 - number % 2, "pytest")
            seconds = feather.board.clock - began_at
            readings = [m for m in feather.broker.messages[since:] if m.topic == "sensors/n1/lux"]
            print(f"{len(readings)} readings, one each second, in the {seconds:.1f} s in which it was sent")
            assert len(readings) >= int(seconds) - 1
            began = time.monotonic()
            link.ask(go(package(coming, number)))
            assert link.next_answer(30) == f"works: update {number}, version {version}"
            print(f"{time.monotonic() - began:.2f} s for the start with it")
            assert runs(link, coming) and half(link) == number % 2
            feather.comes("stats", "", since, lambda stats, version=version: stats.json["version"] == version)
            told = {stats.json["reset"] for stats in feather.broker.of("stats/n1", since)[1:]}
            assert told == {"restart: update"} and not feather.broker.of("fault/n1", since)[-1].json["code"]
    feather.board.ctl("reset")
    since = feather.broker.count
    feather.reading(since=since)
    with talk(feather) as link:
        assert link.ask(b"?").split()[:3] == ["2", "0", "9.9"]
    with feather.board.console() as console:
        console.prompt()
        assert "# 9.9" in console.run("print(open('main.py').read()[-6:])")
        assert sorted(json.loads(console.run("import os, json\nprint(json.dumps(os.listdir('/')))"))) == [
            "boot.py",
            "config.json",
            "config.ok",
            "main.py",
            "rom",
            "slot",
        ]


def test_one_changed_module_is_little_on_the_air(node):
    feather: Node = node(update_key=KEY)
    feather.reading()
    coming = image(feather, {"lib/node/outbox.mpy": module("node/outbox", lambda text: text + "\nANOTHER = 5\n")})
    with talk(feather) as link:
        since = feather.broker.count
        began = time.monotonic()
        assert bring(link, package(coming, 1)).startswith("works")
        feather.reading(since=feather.broker.count)
        took = time.monotonic() - began
    said = [m for m in feather.broker.messages[since:] if m.topic.startswith(("cmd/", "update/", "reply/"))]
    size = sum(len(message.topic) + len(message.payload) + 6 for message in said)
    print(f"{size} bytes in {len(said)} messages; {took:.1f} s until the first reading with it")
    assert size < 8192
    commands = [message.at for message in said if message.topic.startswith("cmd/")]
    assert all(b - a > 0.9 for a, b in itertools.pairwise(commands)), "who listens to cmd/# has a line a second"


def test_the_heap_is_as_before(node):
    """After an update of every module and a restart."""
    feather: Node = node(update_key=KEY, stats_s=10, sensors=[{"driver": "tsl2561", "every_s": 300}])
    feather.reading()
    before = _after_a_reset(feather)
    with talk(feather) as link:
        modules = [path.relative_to(_LIB).with_suffix("") for path in _LIB.rglob("*.py")]
        # Other line numbers: every module is different, and takes the same heap.
        coming = image(feather, {f"lib/{name}.mpy": module(str(name), lambda text: "\n\n" + text) for name in modules})
        assert bring(link, package(coming, 1)).startswith("works")
        assert runs(link, coming)
    after = _after_a_reset(feather)
    print(f"free heap: {before} before, {after} after")
    assert before - after <= 64  # 0 is what is measured


def _after_a_reset(feather: Node) -> int:
    """The free heap at the prompt: in a node that runs, a stale pointer on its stack may keep 256 bytes."""
    since = feather.broker.count
    feather.board.ctl("reset")
    feather.reading(since=since)
    with feather.board.console() as console:
        console.prompt()
        free = int(console.run("import gc\ngc.collect()\nprint(gc.mem_free())"))
    feather.board.ctl("reset")
    return free


def _free(feather: Node) -> int:
    """The free heap in the second of the next two stats/<id>."""
    since = feather.broker.count
    first = feather.comes("stats", "", since)
    since = feather.broker.messages.index(first) + 1
    return feather.comes("stats", "", since).json["free"]


def _refused(link, message: bytes, topic: str = "") -> str:
    with pytest.raises(Refused) as caught:
        list(link.ask_each([message], topic or f"update/{link.name}"))
    return str(caught.value)


def _hostile(link, counter: int, good_image: bytes) -> None:
    """Each update that must be refused, with the reason."""
    cmd = f"cmd/{link.name}/update"
    good = package(good_image, counter)
    assert _refused(link, begin(package(good_image, counter, key="66" * 32)), cmd) == "wrong signature"
    assert _refused(link, begin(package(good_image, counter, name="n2")), cmd) == "the update is for another node"
    assert _refused(link, begin(package(good_image, 7)), cmd) == "the update is replayed, or older than update 7"
    assert _refused(link, begin(good)[:61], cmd) == "the head is truncated"
    oversized = package(bytes(ROMFS_HALF + 4), counter)
    assert _refused(link, begin(oversized), cmd) == f"an image of {ROMFS_HALF + 4} bytes does not fit"
    link.ask(begin(good, "one@here"))
    other = begin(package(good_image, counter + 1))
    assert _refused(link, other, cmd) == "one@here is updating this node"
    assert _refused(link, go(good), cmd) == "the image is not what was signed"
    if counter == 8:  # from now on the half has another version, and must not look complete
        assert _refused(link, piece(4096, good_image[4096:4196])) == "the first sector comes first"
    assert list(link.ask_each([piece(0, good_image[:100])])) == ["100"]
    assert list(link.ask_each([piece(0, good_image[:100])])) == ["100"], "sent twice"
    assert _refused(link, piece(200, good_image[200:300])) == "a piece at 200 is out of order"
    assert "does not fit" in _refused(link, piece(100, b"12345"))
    assert "does not fit" in _refused(link, piece(4000, bytes(100)))
    assert "does not fit" in _refused(link, piece(len(good_image), bytes(4)))
    assert "does not fit" in _refused(link, piece(ROMFS_HALF, bytes(4)))
    assert _refused(link, b"c100 163800 100") == "there is nothing to copy"
    assert _refused(link, b"c100 -4 100") == "there is nothing to copy"
    assert _refused(link, b"d327680 256 1") == "there are no such blocks"
    for garbage in (b"z", b"", b"w", b"w!!", b"c", b"c1", b"cx y z", b"d", b"g", b"b", b"w" + b"A" * 300):
        assert _refused(link, garbage)
    list(link.ask_each([piece(100, bytes(100))]))
    assert _refused(link, go(good), cmd) == "the image is not what was signed"


def test_what_is_refused_leaves_no_trace(node, monkeypatch):
    monkeypatch.setattr("host.update.protocol._QUIET_S", 0.1)  # one message at a time: nothing follows an answer
    monkeypatch.setattr("host.update.protocol._PACE_S", 0.0)
    # Few readings: a reading under way takes some hundred bytes.
    feather: Node = node(update_key=KEY, stats_s=10, sensors=[{"driver": "tsl2561", "every_s": 300}])
    feather.reading()
    coming = image(feather, {"lib/node/jobs/ntp.mpy": module("node/jobs/ntp", lambda text: text + "\nMORE = 1\n")})
    with talk(feather) as link:
        assert bring(link, package(coming, 7)).startswith("works")
        feather.comes("connect", "", feather.broker.count)  # it has started once more
        assert runs(link, coming)
    free = []
    for counter in (8, 10, 12):
        with talk(feather) as link:
            _hostile(link, counter, image(feather, {"lib/other.mpy": bytes(99)}))
            assert runs(link, coming)
        free.append(_free(feather))
        feather.board.skip(10)  # the sender is gone by then
    print(f"free heap after each round of hostile updates: {free}")
    assert free[2] >= min(free[:2]) - 64, free
    since = feather.broker.count
    feather.broker.publish("cmd/n1/read", "")
    feather.reading(since=since)


def test_without_a_key_all_is_refused(node):
    feather: Node = node()
    feather.reading()
    with talk(feather) as link:
        message = begin(package(image(feather, {}), 1))
        assert _refused(link, message, "cmd/n1/update") == "there is no update_key in config.json"


@pytest.mark.parametrize("kind", ["plain", "small"])
def test_other_images_name_the_one_to_take(node, kind):
    feather: Node = node(update_key=KEY, image=kind)
    feather.reading()
    with talk(feather) as link, pytest.raises(Refused, match=r"no ROMFS: update by cable, \./flash\.sh --image romfs"):
        link.ask(b"?")


def test_a_sender_that_is_killed_is_followed_by_the_next(node):
    """At random moments; once the broker is restarted in the middle, too."""
    feather: Node = node(update_key=KEY)
    feather.reading()
    coming = image(feather, {"lib/more.mpy": bytes(random.Random(1).randrange(256) for _ in range(12_000))})
    chance = random.Random(5)
    update = package(coming, 3)
    for _ in range(20):
        with talk(feather) as link:
            stop = chance.randrange(len(coming))

            def progress(done: int, _all: int, stop: int = stop) -> None:
                if done > stop:
                    raise ConnectionAbortedError

            with contextlib.suppress(ConnectionAbortedError):
                link.send(update, 0, "pytest", progress)
            assert half(link) == 0
    with talk(feather) as link:
        broken = threading.Event()

        def break_broker(done: int, _all: int) -> None:
            if not broken.is_set():
                broken.set()
                feather.broker.stop()
                feather.broker.start()

        link.send(update, 0, "pytest", break_broker)
        link.ask(go(update))
        assert link.next_answer(30).startswith("works: update 3,")
        assert runs(link, coming)


_BAD = {
    "crashes at import": (
        "node/session",
        lambda text: text + "\nraise ValueError('bad')\n",
        'File "node.session", line',
    ),
    "does not compile": ("main.py", lambda text: text + "\n)\n", "main.py: SyntaxError"),
    "boot.py does not compile": ("boot.py", lambda text: text + "\n)\n", "boot.py: SyntaxError"),
    "boot.py never ends": (
        "boot.py",
        lambda text: text + "\nimport time\nwhile True:\n    time.sleep(1)\n",
        "180 s",
    ),
    "boot.py computes for ever": ("boot.py", lambda text: text + "\nwhile True:\n    pass\n", "180 s"),
    "never reaches the broker": (
        "node/jobs/connect",
        lambda text: text.replace("    await session.publish(*session.announced)\n", "    raise OSError\n"),
        "did not reach its broker within 180 s (what it brings)",
    ),
    "holds the loop": (
        "node/jobs/connect",
        lambda text: text.replace(
            "async def connect(session):", "async def connect(session):\n    while True:\n        pass\n"
        ),
        "crashed three times, at last in session (what it brings)",
    ),
    "eats the heap": (
        "node/jobs/connect",
        lambda text: text.replace(
            "async def connect(session):",
            "_eaten = []\n\n\nasync def connect(session):\n    while True:\n        _eaten.append(bytearray(32))\n",
        ),
        "(what it brings)",
    ),
}


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=LONG) if what == "boot.py computes for ever" else what for what in _BAD]
)
def test_a_bad_update_goes_back(node, what):
    """Idle time is skipped."""
    feather: Node = node("--fast", update_key=KEY, sensors=[{"driver": "tsl2561", "every_s": 30}], stats_s=600)
    path, change, reason = _BAD[what]
    files = {} if path.endswith(".py") else {f"lib/{path}.mpy": module(path, change)}
    if path.endswith(".py"):
        files[path] = change((main_py("") if path == "main.py" else _boot_py()).decode()).encode()
    feather.reading()
    feather.board.ctl("clock", "real")
    old = image(feather, {})
    with talk(feather) as link:
        update = package(image(feather, files), 5, what="what it brings")
        link.send(update, 0, "pytest")
        link.ask(go(update))
        feather.board.ctl("clock", "fast")
        since = feather.broker.count
        began = time.monotonic()
        answer = link.next_answer(_BACK_S)
        feather.board.ctl("clock", "real")
        print(f"{what}: after {time.monotonic() - began:.1f} s of the test: {answer}")
        assert answer.startswith("went back: update 5: ") and reason in answer
        assert runs(link, old) and link.ask(b"?").split()[0] == "5"
        assert "main.py" not in link.ask(b"?") and "boot.py" not in link.ask(b"?")
    fault = feather.comes("fault", "", since, lambda message: reason in message.json["detail"])
    assert json.loads(fault.payload)["name"] == "crash"
    feather.comes("status", "", since, lambda message: message.payload == "online")


def _boot_py() -> bytes:
    from updates import ROOT

    return (ROOT / "firmware" / "boot.py").read_bytes()
