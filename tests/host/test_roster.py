"""node.sh list on a real Mosquitto, with the messages of fifty nodes."""

import json
import re
import signal
import subprocess
import time

import pytest
from clone import ROOT, Clone
from waits import LIMIT_S

from host.broker.client import Message
from host.broker.roster import Roster
from host.failure import Exit
from host.settings.nodes import Node, checked

VERSION = re.search(r'VERSION = "(.+)"', (ROOT / "firmware/lib/node/__init__.py").read_text())[1]
ILL = {"n03": "offline", "n11": "fault 4", "n19": "fault 7", "n27": "never heard", "n35": "no readings"}
_FAULTS = {
    "fault 4": {"code": 4, "detail": "tsl2561: no answer"},
    "fault 7": {"code": 7, "detail": "attic: not found"},
}


@pytest.fixture
def house(tmp_path, broker):
    """A clone with fifty nodes, whose broker has heard forty-nine of them and an unknown one; five have a problem."""
    clone = Clone(tmp_path / "clone")
    shared = {"mqtt": {"server": "127.0.0.1", "port": broker.port}, "stats_s": 60}
    (clone.folder / "config.json").write_text(json.dumps(shared))
    (clone.folder / "nodes").mkdir()
    own = {"sensors": [{"driver": "tsl2561", "every_s": 30}], "image": "romfs"}
    for name in [f"n{i:02}" for i in range(50)]:
        (clone.folder / f"nodes/{name}.json").write_text(json.dumps(own))
        if ILL.get(name) != "never heard":
            say(broker, name, ILL.get(name, "online"))
    say(broker, "stranger", "online", version="0.1.0")
    return clone


def say(broker, name, state, version=VERSION):
    """Publish the retained messages of a node in that state."""
    broker.publish(f"status/{name}", "offline" if state == "offline" else "online", retain=True)
    broker.publish(f"fault/{name}", json.dumps(_FAULTS.get(state, {"code": 0}), separators=(",", ":")), retain=True)
    stats = {"uptime_s": 9000, "online_s": 7200, "reading_s": 300 if state == "no readings" else 20}
    stats |= {"free": 25000, "rssi": -61, "version": version}
    broker.publish(f"stats/{name}", json.dumps(stats), retain=True)


def test_each_row_is_right(house):
    done = house.run("./node.sh", "list", "--seconds", "2")
    since = {time.strftime("%H:%M", time.localtime(time.time() - 7200 - ago)) for ago in (0, 5, 60, 180)}
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert len(rows) == 51 and done.returncode == 1
    for name in sorted(ILL):
        assert ILL[name] in rows.pop(name)
    assert done.stderr == f"not well: {', '.join(sorted(ILL))}\n"
    assert "online, stranger" in rows["stranger"] and "0.1.0!" in rows.pop("stranger")
    for line in rows.values():
        _, state, time_, *rest = re.split(r"\s{2,}", line)
        assert state == "online" and time_[-5:] in since
        assert re.fullmatch(r"- < \d+ (s|min) - -61 dBm 25000 B romfs \S+ -", " ".join(rest)), line


def test_for_programs(house):
    done = house.run("./node.sh", "list", "--json", "--seconds", "2")
    nodes = {node["name"]: node for node in map(json.loads, done.stdout.splitlines())}
    assert [name for name, node in nodes.items() if node["known"] and not node["well"]] == sorted(ILL)
    assert nodes["n27"]["state"] == "never heard" and nodes["n11"]["fault"].startswith("fault 4")
    assert nodes["n00"]["age_s"] is None and nodes["n00"]["age_at_most_s"] >= 80
    assert not nodes["stranger"]["known"]


def test_what_nodes_say_meanwhile(tmp_path, broker):
    clone = Clone(tmp_path / "clone")
    sensors = [{"driver": "tsl2561", "topic": "maison/lux"}, {"driver": "adc", "name": "battery"}]
    config = {"client_id": "attic", "mqtt": {"server": "127.0.0.1", "port": broker.port}, "sensors": sensors}
    (clone.folder / "config.json").write_text(json.dumps(config))
    say(broker, "attic", "online")
    command = ["env", "--default-signal=INT", "./node.sh", "list", "--watch", "--json", "--seconds", "1"]
    with subprocess.Popen(command, cwd=clone.folder, stdout=subprocess.PIPE, text=True) as watching:
        rows = map(json.loads, watching.stdout)
        assert next(rows)["reading"] is None
        broker.publish("sensors/attic/voltage", "3.912")
        broker.publish("maison/lux", "213.40")
        row = next(row for row in rows if row["reading"] == "lux 213.40" and row["battery"])
        assert row["battery"] == "3.912" and row["age_s"] <= 60 and row["well"]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(LIMIT_S) == 0


def test_all_are_well(tmp_path, broker):
    clone = Clone(tmp_path / "clone")
    mqtt = {"server": "127.0.0.1", "port": broker.port}
    (clone.folder / "config.json").write_text(json.dumps({"client_id": "attic", "mqtt": mqtt}))
    say(broker, "attic", "online")
    assert clone.run("./node.sh", "list", "--seconds", "1").returncode == 0
    broker.stop()
    done = clone.run("./node.sh", "list")
    assert done.returncode == Exit.BROKER and "no broker answers at 127.0.0.1" in done.stderr


def row(stats="{}", messages=(), **sensor):
    """The row of a node with one sensor, after its messages."""
    settings = checked({"client_id": "attic", "sensors": [sensor]})
    roster = Roster([Node("attic", settings, settings, None)])
    for topic, payload in (("status/attic", "online"), ("stats/attic", stats), *messages):
        roster.take(Message(topic, payload))
    (found,) = roster.rows()
    return found


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ({}, "no readings"),
        ({"heartbeat_s": 600}, "no readings"),  # without delta it means nothing
        ({"delta": 5}, "online"),  # as long as nothing changes it is silent
        ({"delta": 5, "heartbeat_s": 600}, "online"),
        ({"delta": 5, "heartbeat_s": 120}, "no readings"),
    ],
)
def test_silence_is_normal_while_nothing_changes(options, state):
    assert row('{"reading_s": 1200}', driver="bme280", every_s=60, **options)["state"] == state


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "1" + "0" * 400, "1e15", '"7"', "null"])
def test_numbers_that_no_node_has(number):
    found = row(f'{{"online_s": {number}, "reading_s": {number}, "rssi": {number}}}', driver="bme280")
    assert (found["since"], found["age_at_most_s"], found["rssi"], found["state"]) == (None, None, None, "online")


@pytest.mark.parametrize("topic", ["sensors/garden/voltage", "sensors/garden", "garden/voltage", "volts", None])
def test_the_battery_by_any_topic(topic):
    messages = [(topic or "sensors/attic/voltage", "3.912")]
    assert row(messages=messages, driver="adc", name="battery", topic=topic)["battery"] == "3.912"
