"""The bridge of docs/security.md: two real Mosquittos, TLS between them, certificates made here."""

import re
import subprocess
import time

import paho.mqtt.client as mqtt
import pytest
from boards import ROOT
from nodes import Broker
from waits import LIMIT_S, wait_for

from host.broker import mosquitto

PASSWORD = "planted-secret"


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=LIMIT_S)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority `ca`, a broker's certificate from it (`good`), and another authority's for the same name (`bad`)."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    for authority, name in (("ca", "good"), ("impostor", "bad")):
        new = ("-newkey", "rsa:2048", "-nodes")
        openssl(
            folder, "req", "-x509", *new, "-keyout", f"{authority}.key", "-out", f"{authority}.crt", "-subj", "/CN=ca"
        )
        openssl(folder, "req", *new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=localhost")
        signer = ("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial", "-extfile", "names")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signer, "-out", f"{name}.crt", "-days", "2")
    return folder


class Elsewhere(Broker):
    """A broker that speaks TLS only, and lets in one account."""

    def __init__(self, folder, certificates, certificate):
        folder.mkdir()
        (folder / "passwd").write_text(mosquitto.line_for("my-house", PASSWORD, None) + "\n")
        (folder / "passwd").chmod(0o600)
        files = f"certfile {certificates}/{certificate}.crt\nkeyfile {certificates}/{certificate}.key\n"
        super().__init__(folder, f"{files}allow_anonymous false\npassword_file {folder}/passwd\n")
        self.host = "localhost"
        self._authority = f"{certificates}/{'ca' if certificate == 'good' else 'impostor'}.crt"

    def _connect(self, client):
        client.tls_set(self._authority)
        super()._connect(client)


@pytest.fixture
def bridged(delivered, certificates, tmp_path):
    """start(certificate) starts the Pi's broker, another one, and docs/security.md's bridge between; returns both."""
    started = [delivered]

    def start(certificate):
        other = Elsewhere(tmp_path / "elsewhere", certificates, certificate)
        started.append(other)
        other.start("my-house", PASSWORD)
        delivered.add("attic")
        (text,) = re.findall(
            r"^```\n(connection .*?)^```", (ROOT / "docs/security.md").read_text(), re.MULTILINE | re.S
        )
        for word, value in (
            ("broker.example.org:8883", f"localhost:{other.port}"),
            ("/etc/mosquitto/certs/elsewhere-ca.crt", f"{certificates}/ca.crt"),
            ("THE-PASSWORD", PASSWORD),
        ):
            assert text.count(word) == 1
            text = text.replace(word, value)
        (delivered.prefix / "etc/mosquitto/conf.d/bridge.conf").write_text(text)
        delivered.start_as_people()
        return delivered, other

    yield start
    for broker in started[1:]:
        broker.stop()


def say(broker, topic, payload):
    client = broker.client("attic")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(topic, payload, qos=1).wait_for_publish(LIMIT_S)
    client.disconnect()
    client.loop_stop()


def test_what_a_node_says_arrives_by_tls_and_nothing_comes_back(bridged):
    here, there = bridged("good")

    def arrived():
        say(here, "sensors/attic/lux", "250.01")
        return there.of("sensors/attic/lux")

    assert wait_for(arrived, "a reading on the other side")[0].payload == "250.01"
    there.publish("cmd/attic/restart", "")
    there.publish("sensors/attic/lux", "0.00")
    here.publish("cmd/attic/read", "")
    say(here, "fault/attic", '{"code":0}')
    there.wait("fault/attic")
    assert not here.of("cmd/attic/restart")
    assert "0.00" not in [message.payload for message in here.of("sensors/attic/lux")]
    assert not there.of("cmd/attic/read")


def test_an_impostor_gets_nothing(bridged):
    """Its certificate is for the right name, but from another authority: neither a reading nor the password arrives."""
    here, there = bridged("bad")
    for _ in range(20):
        say(here, "sensors/attic/lux", "250.01")
        time.sleep(0.25)
    assert there.messages == []


def test_the_other_broker_speaks_no_plain_mqtt(bridged):
    _, there = bridged("good")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    answers = []
    client.on_connect = lambda *words: answers.append(words)
    client.connect("127.0.0.1", there.port)
    for _ in range(10):
        client.loop(0.1)
    assert answers == []
