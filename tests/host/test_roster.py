"""node.sh list on a real Mosquitto, with the messages of fifty nodes."""

import json
import re

import pytest
from clone import ROOT, Clone

from host.failure import Exit

VERSION = re.search(r'VERSION = "(.+)"', (ROOT / "firmware/lib/node/__init__.py").read_text())[1]
ILL = {"n03": "offline", "n11": "fault 4", "n19": "fault 7", "n27": "never heard", "n35": "offline"}


@pytest.fixture
def house(tmp_path, broker):
    """A clone that knows fifty nodes, whose broker knows forty-nine of them and a stranger; five are ill."""
    clone = Clone(tmp_path / "clone")
    (clone.folder / "config.json").write_text(json.dumps({"mqtt": {"server": "127.0.0.1", "port": broker.port}}))
    (clone.folder / "nodes").mkdir()
    for name in [f"n{i:02}" for i in range(50)]:
        (clone.folder / f"nodes/{name}.json").write_text('{"sensors": []}')
        if ILL.get(name) != "never heard":
            say(broker, name, ILL.get(name, "online"))
    say(broker, "stranger", "online", version="0.1.0")
    return clone


def say(broker, name, state, version=VERSION):
    fault = {
        "fault 4": {"code": 4, "detail": "tsl2561: no answer"},
        "fault 7": {"code": 7, "detail": "attic: not found"},
    }
    broker.publish(f"status/{name}", "offline" if state == "offline" else "online", retain=True)
    broker.publish(f"fault/{name}", json.dumps(fault.get(state, {"code": 0}), separators=(",", ":")), retain=True)
    stats = {"uptime_s": 7200, "free": 25000, "rssi": -61, "version": version}
    broker.publish(f"stats/{name}", json.dumps(stats), retain=True)


def test_each_row_is_right(house):
    done = house.run("./node.sh", "list", "--seconds", "2")
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert len(rows) == 51 and done.returncode == 1
    for name in sorted(ILL):
        assert ILL[name] in rows.pop(name)
    assert done.stderr == f"not well: {', '.join(sorted(ILL))}\n"
    assert "online, new here" in rows["stranger"] and "0.1.0!" in rows.pop("stranger")
    for line in rows.values():
        assert line.split()[1:] == ["online", "-", "2", "h", "-61", "dBm", "25000", "B", VERSION, "-"]


def test_for_programs(house):
    done = house.run("./node.sh", "list", "--json", "--seconds", "2")
    nodes = {node["name"]: node for node in map(json.loads, done.stdout.splitlines())}
    assert [name for name, node in nodes.items() if not node["well"]] == sorted(ILL)
    assert nodes["n27"]["online"] is None and nodes["n11"]["fault"].startswith("fault 4")


def test_all_are_well(tmp_path, broker):
    clone = Clone(tmp_path / "clone")
    mqtt = {"server": "127.0.0.1", "port": broker.port}
    (clone.folder / "config.json").write_text(json.dumps({"client_id": "attic", "mqtt": mqtt}))
    say(broker, "attic", "online")
    assert clone.run("./node.sh", "list", "--seconds", "1").returncode == 0
    broker.stop()
    done = clone.run("./node.sh", "list")
    assert done.returncode == Exit.BROKER and "no broker answers at 127.0.0.1" in done.stderr
