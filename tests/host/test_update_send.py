"""node.sh update, with nodes that are played here: which of them it asks, what it says, how it ends."""

from __future__ import annotations

import base64
import queue
import signal
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from waits import LIMIT_S

from host.broker.client import Message
from host.failure import Exit, Failure
from host.image.filesystem import make_romfs
from host.update import delta, protocol, send

pytestmark = pytest.mark.timeout(LIMIT_S)
FILES = {"main.py": b"1", "boot.py": b"2"}
IMAGE = make_romfs(FILES)


class Played:
    """In place of the Listener to a node, which has the image already but does not run it."""

    connected, refused = "broker:1883", None
    ends = {}  # of a trial, by node; without one the trial goes on
    busy = "-"
    heard = []  # (node, first letter of a message)

    def __init__(self, _settings, name, _topics):
        self._name = name
        self._said = queue.Queue()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def publish(self, _topic, message):
        kind = chr(message[0])
        self.heard.append((self._name, kind))
        if (self._name, kind) == ("silent", "b"):
            return
        digests = base64.b64encode(b"".join(delta.sectors(IMAGE))).decode()
        self._say({"?": f"ok 7 0 1.0.0 5ccf7f000000 old {self.busy}", "d": f"ok {digests}"}.get(kind, "ok"))
        if kind == "g" and self._name in self.ends:
            self._say(self.ends[self._name])

    def next(self, seconds):
        try:
            return self._said.get(timeout=seconds)
        except queue.Empty:
            return None

    def _say(self, words):
        self._said.put(Message(f"reply/{self._name}/update", words))


@pytest.fixture
def update(monkeypatch):
    """update(*words): run the program. update.heard: what the nodes heard."""
    monkeypatch.setattr(protocol, "Listener", Played)
    monkeypatch.setattr(protocol, "_PACE_S", 0)
    monkeypatch.setattr(time, "time", lambda: 9)  # the number of each update
    monkeypatch.setattr(Played, "heard", [])
    node = SimpleNamespace(path=None, settings={"update_key": "5e" * 32})
    monkeypatch.setattr(send, "Nodes", lambda: SimpleNamespace(get=lambda _name: node, first=lambda: node))
    monkeypatch.setattr(send.firmware, "make", lambda *_: SimpleNamespace(rom=FILES))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["update", *words])
        send.main()

    return run


@pytest.mark.parametrize(
    ("words", "asked"), [((), {"first"}), (("--keep-going",), {"first", "second", "third"})], ids=["stop", "keep-going"]
)
def test_when_the_first_goes_back(update, monkeypatch, capsys, words, asked):
    ends = {"first": "went back: update 9: ValueError: bad", "second": "works: update 9, version 9.2.1"}
    monkeypatch.setattr(Played, "ends", ends | {"third": ends["second"]})
    with pytest.raises(Failure, match=r"not up to date: first \(see above\)") as failure:
        update(*words, "first", "second", "third")
    assert failure.value.code == Exit.BACK
    said = capsys.readouterr()
    assert {name for name, _ in Played.heard} == asked
    assert {"first", *(line.split()[0] for line in said.out.splitlines())} == asked
    assert ("(--keep-going goes on)" in said.err) == (not words)


def test_a_second_sender_is_named(update, monkeypatch):
    monkeypatch.setattr(Played, "busy", "pi@attic")
    with pytest.raises(Failure, match="first: pi@attic is updating it just now: run this again in a minute") as failure:
        update("first")
    assert failure.value.code == Exit.REFUSED
    assert Played.heard == [("first", "?")]


def test_ctrl_c_ends_all_at_once_and_leaves_a_trial_to_its_node(update, monkeypatch, request):
    monkeypatch.setattr(Played, "ends", {"first": "works: update 9, version 9.2.1"})
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    main = threading.main_thread().ident
    assert main
    person = threading.Timer(1.0, signal.pthread_kill, (main, signal.SIGINT))
    request.addfinalizer(person.cancel)
    person.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        update("first", "on trial", "silent", *(f"silent {i}" for i in range(9)))
    assert time.monotonic() - began < 5
    assert ("on trial", "g") in Played.heard and ("silent", "b") in Played.heard
    assert ("silent", "g") not in Played.heard and ("silent 8", "?") not in Played.heard
