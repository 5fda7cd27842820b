"""node.sh set: a node takes a change over the air, and its file on this computer gets the change too."""

from __future__ import annotations

import json

import pytest
from clone import Clone
from nodes import config_for

from host.settings.nodes import Nodes, split, whole


@pytest.fixture
def house(tmp_path, node, broker):
    """A clone, and its nodes n1 and n2, each with an account and a key."""
    clone = Clone(tmp_path / "clone")
    nodes = Nodes(clone.folder)
    feathers = {}
    for name, key in (("n1", "5e" * 32), ("n2", "6f" * 32)):
        own = {"client_id": name, "update_key": key, "mqtt": {"user": name, "password": f"password of {name}"}}
        config = config_for(broker, **own)
        nodes.write(name, whole(split(config)[1]))
        nodes.config.write_text(json.dumps(split(config)[0]))
        feathers[name] = node(**own)
    for feather in feathers.values():
        feather.reading()
    return clone, feathers


def by_set(clone, feather, number):
    """Change settings over the air."""
    done = clone.run("./node.sh", "set", feather.name, f"sensors[0].every_s={number + 2}", f"outbox={number + 20}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{feather.name} has the change, and so has its file here\n"


def by_cable(clone, feather, number):
    """Change settings on this computer, and upload them to the board."""
    change = f"outbox={number + 20}", "--set", f"sensors.0.every_s={number + 2}"
    done = clone.run("./bootstrap.sh", feather.name, "--image", "romfs", "--yes", "--set", *change)
    assert done.returncode == 0, done.stderr
    done = clone.run("./flash.sh", feather.name, "--files-only", "--yes", "--port", feather.board.port)
    assert done.returncode == 0, done.stderr


def by_update(clone, feather, number):
    """Change the firmware."""
    session = clone.folder / "firmware" / "lib" / "node" / "session.py"
    session.write_text(session.read_text() + f"# {number}\nCHANGE = {number} + 1000 * {int(feather.name[1:])}\n")
    done = clone.run("./node.sh", "update", feather.name)
    assert done.returncode == 0 and done.stdout.startswith(f"{feather.name} works: "), done.stderr


@pytest.mark.timeout(7200)
def test_changes_of_two_nodes_in_turn(house, request):
    """After each change, the settings of both nodes are the same on this computer and on their boards."""
    clone, feathers = house
    ways = (by_set, by_cable, by_update)
    for number in range(20 if request.config.getoption("--long") else 3):
        for feather in feathers.values():
            ways[number % 3](clone, feather, number)
            given = {name: Nodes(clone.folder).get(name).given for name in feathers}
            for name, one in feathers.items():
                assert json.loads(one.board.ctl("get", "/config.json")) == given[name], (number, feather.name)
            if number % 3 != 2:
                own = given[feather.name]
                assert (own["sensors"][0]["every_s"], own["outbox"]) == (number + 2, number + 20)
            for secret in (lambda own: own["update_key"], lambda own: own["mqtt"]["password"]):
                assert secret(given["n1"]) != secret(given["n2"])


@pytest.mark.parametrize(
    "words, code, sentence",
    [
        (("n1", "outbox=7"), 1, "outbox must be a whole number from 8 to 512 readings (nothing was sent)"),
        (("n1", "stats_s=60"), 1, "stats_s is what all nodes share: ./bootstrap.sh --set"),
        (("n1", "client_id=n3"), 1, "client_id is what the node's file"),
        (("n3", "outbox=9"), 2, "n3 is no node here (there are n1, n2)"),
        (("n1", "outbox"), 2, "it takes KEY=VALUE"),
        (("n1", "--dry-run", "outbox=9"), 0, "outbox: null -> 9"),
    ],
)
def test_what_is_not_sent(tmp_path, broker, words, code, sentence):
    clone = Clone(tmp_path / "clone")
    nodes = Nodes(clone.folder)
    for name in ("n1", "n2"):
        nodes.write(name, whole({}))
    nodes.config.write_text(json.dumps({"mqtt": {"server": "127.0.0.1", "port": broker.port}}))
    before, heard = nodes.path("n1").read_bytes(), len(broker.messages)
    done = clone.run("./node.sh", "set", *words)
    assert done.returncode == code and sentence in done.stderr, done.stderr
    assert nodes.path("n1").read_bytes() == before and len(broker.messages) == heard
