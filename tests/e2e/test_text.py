"""Text that is valid for MQTT and Wi-Fi passes everywhere unchanged; what a broker must allow."""

from __future__ import annotations

import json

import pytest
from computer import LONG
from nodes import Broker, Node, starter
from rabbitmq import cluster

from bench.cluster import PASSWORD, PORTS

__all__ = ["cluster"]

_SET = r'{"sensors.0.name": "\ud83d\ude00", "wifi.others": [{"ssid": "shed\ud83c\udfe0"}]}'  # as ASCII writes them
_USER, _PASSWORD = "\u0434\u043e\u043c\U0001f511", "\U0001f511"


def test_characters_of_every_plane(node):
    """In the identifier, the account, topics, the Wi-Fi name and names; from flash.sh, and by `set`."""
    _comes_through(node)


@LONG
def test_characters_of_every_plane_at_rabbitmq(cluster, tmp_path, boards):
    broker = Broker(tmp_path)
    broker.port = PORTS[0]
    broker.listen("people", PASSWORD)
    lines = f"add_user {_USER} {_PASSWORD}", f"set_permissions {_USER} '.*' '.*' '.*'"
    cluster.run("\n".join([". docs/cluster/env.sh 1 /tmp/cluster", *(f"rabbitmqctl {line}" for line in lines)]))
    _comes_through(starter(tmp_path, boards, broker))
    broker.stop()


def _comes_through(node):
    lux = "maison/\u00e9t\u00e9\U0001f600/\u20ac"
    feather: Node = node(
        client_id="n\U0001f600",
        wifi={"ssid": "home\U0001f3e0"},
        mqtt={"user": _USER, "password": _PASSWORD},
        sensors=[{"driver": "tsl2561", "every_s": 1, "topic": lux, "name": "toit\U0001f3e0"}],
    )
    feather.broker.wait(lux)
    assert feather.fault(0)
    for name in ("toit\U0001f3e0", "tsl2561"):
        assert feather.ask("read", name + "\n") == "ok"
    since = feather.broker.count
    assert feather.ask("set", _SET) == "ok"
    feather.broker.wait(feather.topic("status"), since, lambda m: m.payload == "online")
    config = json.loads(feather.board.ctl("get", "config.json"))
    assert config["sensors"][0]["name"] == "\U0001f600"
    assert config["wifi"] == {"ssid": "home\U0001f3e0", "others": [{"ssid": "shed\U0001f3e0"}]}
    assert (config["client_id"], config["sensors"][0]["topic"]) == ("n\U0001f600", lux)
    feather.board.ctl("unplug", "tsl2561")
    assert feather.fault(4).json["detail"] == "\U0001f600 at 0x39: no answer"


@pytest.mark.parametrize("gives", ["retain_available false", "max_qos 0"])
def test_a_broker_that_gives_less_than_the_node_needs(probe, tmp_path, gives):
    broker = Broker(tmp_path, f"allow_anonymous true\n{gives}\n")
    broker.start()
    try:
        assert "it must allow QoS 1 and retained messages" in probe(broker.port).wait("fault")
    finally:
        broker.stop()
