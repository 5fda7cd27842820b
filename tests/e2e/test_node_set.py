"""node.sh set: a node takes a change by air, and its file here has the change too."""

from __future__ import annotations

import json

import pytest
from clone import Clone
from nodes import config_for

from host.settings.nodes import Nodes, split, whole


@pytest.fixture
def house(tmp_path, node, broker):
    """A clone, and its nodes n1 and n2."""
    clone = Clone(tmp_path / "clone")
    nodes = Nodes(clone.folder)
    feathers = {}
    for name in ("n1", "n2"):
        config = config_for(broker, client_id=name)
        nodes.write(name, whole(split(config)[1]))
        nodes.config.write_text(json.dumps(split(config)[0]))
        feathers[name] = node(client_id=name)
    for feather in feathers.values():
        feather.reading()
    return clone, feathers


def agree(house, name):
    """The settings of a node: of its file here, which are those of its board."""
    clone, feathers = house
    given = Nodes(clone.folder).get(name).given
    assert json.loads(feathers[name].board.ctl("get", "/config.json")) == given
    return given


def test_changes_of_two_nodes_in_turn(house):
    clone, _ = house
    for number, name in enumerate(("n1", "n2", "n1", "n2")):
        done = clone.run("./node.sh", "set", name, f"sensors[0].every_s={number + 2}", f"outbox={number + 20}")
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{name} has the change, and so has its file here\n"
        assert (agree(house, name)["sensors"][0]["every_s"], agree(house, name)["outbox"]) == (number + 2, number + 20)
    assert agree(house, "n1")["outbox"] == 22


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
