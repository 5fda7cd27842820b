"""The delivered broker, a real Mosquitto: who may log in; no account publishes or hears another node's messages."""

import secrets
import socket
import subprocess
import threading

import pytest
from accounts import log_in
from waits import LIMIT_S, wait_for

from host.settings.check import entities

OWN = (
    "connect/{id}",
    "status/{id}",
    "disconnect/{id}",
    "sensors/{id}/lux",
    "late/{id}/lux",
    "late/{id}/house/{id}/light",
    "fault/{id}",
    "stats/{id}",
    "reply/{id}/read",
    "reply/{id}/read/all",
    "house/{id}/light",
)
NOBODYS = (
    "cmd/{id}/restart",
    "homeassistant/status",
    "homeassistant/attic/{id}/x/config",
    "homeassistant/cellar/{id}/x/config",
    "homeassistant/device/{id}/x/config",
    "homeassistant/light/{id}/config",
    "homeassistant/sensor/{id}/config",
    "house/{id}",
    "sensors/{id}",
    "sensors/{id}/lux/x",
    "x",
)
# Names that Home Assistant's topics cannot contain unchanged, and names that are words of those topics.
NAMES = ("attic", "living-room", "first_floor", "v1.2", "A-1_b.C", "-", "device", "sensor", "living-2droom")


@pytest.fixture
def two(delivered):
    """The broker, with the nodes attic and cellar; each also has a topic set by its user."""
    for name in ("attic", "cellar"):
        delivered.add(name, f"sensors.0.topic=house/{name}/light")
    delivered.start_as_people()
    return delivered


class Account:
    """A client that is logged in as a node, and the messages that it hears."""

    def __init__(self, broker, user, identifier=""):
        self.heard = []
        self._answered = threading.Event()
        self._client = client = broker.client(user, identifier)
        client.on_message = lambda _client, _data, message: self.heard.append(message.topic)
        client.on_connect = client.on_subscribe = lambda *_: self._answered.set()
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        self._wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def _wait(self):
        assert self._answered.wait(LIMIT_S)
        self._answered.clear()

    def subscribe(self, topic):
        self._client.subscribe(topic, 1)
        self._wait()

    def say(self, *topics):
        """Publish to each topic, and wait for all acknowledgements."""
        for topic in topics:
            self._client.publish(topic, "by " + topic, qos=1, retain=True).wait_for_publish(LIMIT_S)


def named(topics, name):
    return [topic.format(id=name) for topic in topics]


def own(name):
    """All topics that a node publishes to, with its announcements in both forms."""
    topic = entities.topic
    announced = [topic(name), topic(name, "sensor", "lux"), topic(name, "binary_sensor", "fault-code")]
    return [*named(OWN, name), *announced]


def said(broker, since=0):
    """Topics that have arrived, once a last message from the people's account has come back."""
    mark = secrets.token_hex(8)
    broker.publish("mark", mark)
    broker.wait("mark", want=lambda message: message.payload == mark)
    return [message.topic for message in broker.messages[since:] if message.topic != "mark"]


def test_anonymous_is_refused(two):
    assert log_in(two.port, None, None) == 5
    assert log_in(two.port, "attic", "") == 5
    assert log_in(two.port, "attic", two.secret("cellar")) == 5
    assert log_in(two.port, "attic", two.secret("attic")) == 0


def test_a_node_says_what_is_its_own(delivered):
    for name in NAMES:
        delivered.add(name, f"sensors.0.topic=house/{name}/light")
    delivered.start_as_people()
    for name in NAMES:
        since = delivered.count
        with Account(delivered, name) as node:
            node.say(*own(name))
            for other in NAMES:
                if other != name:
                    node.say(*own(other))
        assert said(delivered, since) == own(name)


@pytest.mark.parametrize("identifier", ["", "cellar"])
def test_a_node_says_nothing_of_another(two, identifier):
    """Not even under the other node's client identifier."""
    with Account(two, "attic", identifier) as attic:
        attic.say(*own("cellar"), *named(NOBODYS, "attic"), *named(NOBODYS, "cellar"))
        attic.say("fault/attic")
    assert said(two) == ["fault/attic"]


def test_a_nodes_last_will_is_its_own(two):
    for name in ("cellar", "attic"):
        client = two.client("attic")
        client.will_set(f"status/{name}", "offline", qos=1)
        connected = threading.Event()
        client.on_connect = lambda *_, told=connected: told.set()
        client.connect("127.0.0.1", two.port)
        client.loop_start()
        assert connected.wait(LIMIT_S)
        client.socket().shutdown(socket.SHUT_RDWR)  # no DISCONNECT
        client.loop_stop()
    two.wait("status/attic")
    assert said(two) == ["status/attic"]


@pytest.mark.parametrize("identifier", ["", "cellar"])
def test_a_node_hears_nothing_of_another(two, identifier):
    """Neither live nor retained, whatever it subscribes to."""
    everything = [*own("cellar"), *own("attic"), *named(NOBODYS, "cellar"), "cmd/attic/read"]
    for topic in everything:
        two.publish(topic, "before", retain=True)
    with Account(two, "attic", identifier) as attic:
        for wanted in ("#", "+/#", "$SYS/#", "$share/group/#", "cmd/#", *own("cellar"), "cmd/cellar/#"):
            attic.subscribe(wanted)
        two.publish("cmd/cellar/read", "after")
        two.publish("cmd/attic/last", "after")
        wait_for(lambda attic=attic: "cmd/attic/last" in attic.heard, "the last command")
    assert set(attic.heard) == {"cmd/attic/read", "cmd/attic/last", "homeassistant/status"}


def test_the_account_of_the_people_hears_and_says_all(two):
    with Account(two, "people") as people:
        people.subscribe("#")
        people.subscribe("$SYS/broker/version")
        people.say("cmd/attic/read", "mark")
        wait_for(lambda: len(people.heard) >= 3, "three messages")
    assert sorted(people.heard) == ["$SYS/broker/version", "cmd/attic/read", "mark"]


def test_an_account_taken_away_is_out(two):
    """As docs/security.md says for a stolen node."""
    client = two.client("attic")
    gone = threading.Event()
    client.on_disconnect = lambda *_: gone.set()
    client.connect("127.0.0.1", two.port)
    client.loop_start()
    passwd = two.prefix / "etc/mosquitto/huzzah-node/passwd"
    subprocess.run(["mosquitto_passwd", "-D", passwd, "attic"], check=True)
    two.reload()
    assert gone.wait(LIMIT_S)
    client.loop_stop()
    assert log_in(two.port, "attic", two.secret("attic")) == 5
    assert log_in(two.port, "cellar", two.secret("cellar")) == 0


def test_what_is_retained_outlives_the_broker(delivered):
    delivered.add("attic")
    delivered.start_as_people()
    delivered.publish("status/attic", "online", retain=True)
    delivered.stop(gently=True)
    seen = delivered.count
    delivered.start_as_people()
    assert delivered.wait("status/attic", since=seen).retained
