"""One file a node: which setting is in which file, the second node, and a clone from before nodes/."""

import json
import stat
import sys

import pytest
from clone import Clone

from host.broker import people
from host.console import Console
from host.failure import Exit, Failure
from host.settings.check import Invalid
from host.settings.nodes import Nodes
from host.settings.prepare import Preparation

KEY, OTHER = "5e" * 32, "6f" * 32
SHARED = {"wifi": {"ssid": "air"}, "mqtt": {"server": "10.0.0.7"}}
ALONE = SHARED | {
    "client_id": "attic",
    "sensors": [{"driver": "bme280"}],
    "mqtt": {"server": "10.0.0.7", "user": "attic", "password": "p" * 43},
    "update_key": KEY,
}


@pytest.fixture
def nodes(tmp_path):
    return Nodes(tmp_path)


def prepare(nodes, name, *assignments, **options):
    node, _ = Preparation(Console(assume_yes=True), name, nodes.root).run(assignments, **options)
    return node


def write(path, config):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))


def test_a_second_node_leaves_the_first_as_it_was(nodes):
    write(nodes.config, ALONE)
    first = nodes.get("attic")
    second = prepare(nodes, "cellar", account=True)
    assert nodes.get("attic").given == first.given
    assert second.settings["wifi"]["ssid"] == "air" and second.settings["sensors"][0]["driver"] == "tsl2561"
    assert nodes.shared() == SHARED
    assert second.settings["mqtt"]["user"] == "cellar" and len(second.settings["mqtt"]["password"]) == 43
    assert (
        len({KEY, first.settings["mqtt"]["password"], *second.given["mqtt"].values(), second.given["update_key"]}) == 6
    )
    assert {stat.S_IMODE(path.stat().st_mode) for path in nodes.folder.iterdir()} == {0o600}
    assert json.loads(second.path.read_bytes()) == second.given, "what its board gets"


@pytest.mark.parametrize(
    "shared, own, sentence",
    [
        (
            SHARED | {"sensors": []},
            {"outbox": 9},
            "config.json: sensors belongs in nodes/n1.json, for it is a node's own",
        ),
        (SHARED | {"client_id": "n1"}, {"outbox": 9}, "config.json: client_id belongs in nodes/n1.json"),
        (SHARED, {"mqtt": {"port": 1}}, "nodes/n1.json: mqtt.port belongs in config.json, for all nodes share it"),
        (SHARED, {"stats_s": 60}, "nodes/n1.json: stats_s belongs in config.json"),
        (SHARED, {"outbox": 7}, "n1: outbox must be a whole number from 8 to 512 readings"),
        (SHARED, {"sensor": []}, "n1: sensor is not a setting"),
    ],
)
def test_a_setting_in_the_wrong_place_is_named(nodes, shared, own, sentence):
    write(nodes.config, shared)
    write(nodes.path("n1"), own)
    with pytest.raises(Invalid) as raised:
        nodes.get("n1")
    assert str(raised.value).startswith(sentence)


def test_what_is_no_json_is_named_by_its_file(nodes):
    write(nodes.config, SHARED)
    write(nodes.path("n1"), {})
    nodes.path("n1").write_text('{"outbox": 9,}')
    with pytest.raises(Invalid, match=r"^nodes/n1\.json is not JSON: line 1, column 14"):
        nodes.get("n1")


def test_each_file_gets_what_is_its(nodes):
    """As `--set` writes: with a node's name, that node's own settings; without a name, the shared ones."""
    for name in ("attic", "cellar"):
        prepare(nodes, name, "wifi.ssid=air")
    assert prepare(nodes, "attic", "outbox=9", "stats_s=60").settings["outbox"] == 9
    assert nodes.get("cellar").settings["outbox"] == 64 and nodes.get("cellar").settings["stats_s"] == 60
    assert prepare(nodes, None, "stats_s=90").settings["stats_s"] == 90
    with pytest.raises(Failure, match=r"outbox is a node's own: \./bootstrap\.sh NAME") as failure:
        prepare(nodes, None, "outbox=10")
    assert failure.value.code == Exit.CONFIG


def test_an_unknown_name_is_told_the_known_ones(nodes):
    for name in ("attic", "cellar"):
        prepare(nodes, name, "wifi.ssid=air")
    with pytest.raises(Failure, match=r"barn is no node here \(there are attic, cellar\)"):
        nodes.get("barn")
    assert nodes.sharing("attic", nodes.get("attic").settings["update_key"]) == []


def test_a_board_is_one_nodes(nodes):
    """A single node has its settings in config.json, and its board in nodes/. Boards can be swapped."""
    write(nodes.config, SHARED | {"update_key": KEY})
    nodes.deployed("feather-1a2b3c", "5ccf7f1a2b3c", "romfs")
    alone = nodes.get()
    assert (alone.name, alone.mac, alone.given) == ("feather-1a2b3c", "5ccf7f1a2b3c", SHARED | {"update_key": KEY})
    prepare(nodes, "cellar")
    assert nodes.get("feather-1a2b3c").settings["update_key"] == KEY
    nodes.deployed("cellar", "5ccf7f1a2b3c", "plain")
    assert nodes.of("5ccf7f1a2b3c") == "cellar" and nodes.get("feather-1a2b3c").mac is None
    assert nodes.get("cellar").image == "plain"


@pytest.mark.parametrize("named", [True, False])
def test_a_clone_of_before_nodes_is_moved_over(tmp_path, named):
    """Accounts, keys, settings and backups, of config.json's node and of others that were made here."""
    clone = Clone(tmp_path / "clone")
    nodes = Nodes(clone.folder)
    first = "attic" if named else "feather-1a2b3c"
    config = (
        ALONE
        if named
        else {key: value for key, value in ALONE.items() if key != "client_id"} | {"mqtt": SHARED["mqtt"]}
    )
    write(nodes.config, config)
    kept = {"update_key": KEY} | ({"password": "p" * 43} if named else {})
    write(clone.folder / f"keys/{first}.json", kept)
    write(clone.folder / "keys/cellar.json", {"password": "c" * 43, "update_key": OTHER})
    write(clone.folder / "keys/people.json", {"password": "their"})
    write(clone.folder / "backup/keys/cellar.json", {"update_key": "of an earlier copy"})
    (clone.folder / "keys/mosquitto_sub").write_text("-u people\n-P their\n-p 1883\n")
    (clone.folder / "backup/5ccf7f1a2b3c").mkdir(parents=True)
    write(clone.folder / "backup/5ccf7f1a2b3c/deployed.json", {"layout": "romfs", "files": {}})
    early = clone.run("./node.sh", "list")
    assert early.returncode == Exit.CONFIG and "./bootstrap.sh makes nodes/ of it" in early.stderr
    done = clone.run("./bootstrap.sh", "--image", "romfs")
    assert done.returncode == 0 and "each node has a file of its own now" in done.stderr, done.stderr
    assert nodes.names() == sorted(["cellar", first])
    assert nodes.get(first).given == config | {"client_id": first}
    assert nodes.get(first).mac == (None if named else "5ccf7f1a2b3c")
    cellar = nodes.get("cellar").settings
    assert (cellar["mqtt"]["user"], cellar["mqtt"]["password"], cellar["update_key"]) == ("cellar", "c" * 43, OTHER)
    assert nodes.shared() == SHARED
    assert not (clone.folder / "keys").exists()
    kept = [json.loads((clone.folder / f"backup/{place}/cellar.json").read_text()) for place in ("keys", "keys-1")]
    assert [one["update_key"] for one in kept] == ["of an earlier copy", OTHER]
    account = "from host.broker import people; print(people.account({'user': 'attic', 'password': ''})[1])"
    assert clone.run(sys.executable, "-c", account).stdout == ("their\n" if named else "\n")
    before = {path: path.read_bytes() for path in nodes.folder.iterdir()}
    assert clone.run("./bootstrap.sh", "--image", "romfs").returncode == 0
    assert {path: path.read_bytes() for path in nodes.folder.iterdir()} == before


def test_the_account_of_people_is_for_nodes_that_are_here(nodes, monkeypatch):
    write(nodes.config, SHARED | {"client_id": "attic"})
    monkeypatch.setattr(people, "FOLDER", nodes.root / "people")
    monkeypatch.setattr(people, "Nodes", lambda: nodes)
    ours, other = {"user": "attic", "password": "secret"}, {"user": "reader", "password": "x"}
    assert people.account(ours) == ("attic", "secret")
    people.make(1883)
    assert people.account(ours) == ("people", people.password())
    assert people.account(other) == ("reader", "x")
    assert people.account({"user": None, "password": None}) == (None, None)
