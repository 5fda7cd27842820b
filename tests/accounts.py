"""The broker that bootstrap.sh --broker sets up, on a loopback port, with its files in a folder of the test."""

from __future__ import annotations

import getpass
import re
import secrets
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from clone import Clone
from nodes import Broker
from waits import LIMIT_S

from host.settings.nodes import Nodes

USER, PASSWORD = "reader", 'it\'s # "secret" and long'
# bootstrap.sh's Python, with another root for the files of Mosquitto and systemd.
_BOOTSTRAP = (
    "import sys; from pathlib import Path; from host import bootstrap, failure; "
    "failure.run(lambda: bootstrap.main(Path(sys.argv.pop(1))))"
)


class Delivered(Broker):
    """Mosquitto with the delivered configuration, changed in one place: it listens on 127.0.0.1 only."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.clone = Clone(folder / "clone")
        self.prefix = folder / "root"
        self.said = ""  # all output of bootstrap.sh so far
        self._config.write_text(
            f"user {getpass.getuser()}\nlog_type none\npersistence_location {folder}/\n"
            f"include_dir {self.prefix}/etc/mosquitto/conf.d\n"
        )

    def bootstrap(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run bootstrap.sh's Python in the clone, expect an exit code."""
        done = self.clone.run(sys.executable, "-c", _BOOTSTRAP, str(self.prefix), *words, "--yes")
        assert done.returncode == code, done.stdout + done.stderr
        self.said += done.stdout + done.stderr
        return done

    def add(self, name: str, *settings: str, alone: bool = False) -> dict[str, Any]:
        """Make an account for a node; the config.json that its board gets. alone: the node has no file of its own."""
        common = ("wifi.ssid=air", "mqtt.server=127.0.0.1", f"mqtt.port={self.port}", "mqtt.keepalive_s=5")
        words = [word for setting in (*common, *settings) for word in ("--set", setting)]
        self.bootstrap(*(("--set", f"client_id={name}") if alone else (name,)), "--image", "romfs", "--broker", *words)
        conf = self.prefix / "etc/mosquitto/conf.d/huzzah-node.conf"
        conf.write_text(conf.read_text().replace(f"listener {self.port}\n", f"listener {self.port} 127.0.0.1\n"))
        return self.nodes.shared() if alone else self.nodes.get(name).given

    @property
    def nodes(self) -> Nodes:
        """The nodes of the clone."""
        return Nodes(self.clone.folder)

    def secret(self, name: str) -> str:
        """The password of an account."""
        if name == "people":
            return re.search(r"^-P (.+)$", (self.clone.folder / "people/mosquitto_sub").read_text(), re.MULTILINE)[1]
        return self.nodes.get(name).given["mqtt"]["password"]

    def start_as_people(self) -> None:
        """Start the broker, and subscribe to everything with the account of the people."""
        self.start("people", self.secret("people"))

    def client(self, user: str | None, identifier: str = "") -> mqtt.Client:
        """A client, not yet connected, with an account's right password (None: without an account)."""
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=identifier)
        if user:
            client.username_pw_set(user, self.secret(user))
        return client


@pytest.fixture
def delivered(tmp_path: Path) -> Iterator[Delivered]:
    """The delivered broker, not started, without accounts."""
    broker = Delivered(tmp_path)
    yield broker
    broker.stop()


def log_in(port: int, user: str | None, password: str | None) -> int:
    """The return code of CONNACK to a CONNECT with a user and a password (None: without)."""
    fields = [b"guess" + secrets.token_hex(4).encode(), *(word.encode() for word in (user, password) if user)]
    body = b"\x00\x04MQTT\x04" + (b"\xc2" if user else b"\x02") + b"\x00\x3c"
    body += b"".join(struct.pack(">H", len(field)) + field for field in fields)
    assert len(body) < 128
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as sock:
        sock.sendall(b"\x10" + bytes((len(body),)) + body)
        answer = sock.recv(4)
    assert answer[:2] == b"\x20\x02", answer
    return answer[3]


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Broker]:
    """A broker that lets in only USER."""
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    program = shutil.which("mosquitto_passwd")
    assert program, "mosquitto is not installed: ./test.sh installs it"
    subprocess.run([program, "-b", passwords, USER, PASSWORD], check=True)
    broker = Broker(tmp_path, f"allow_anonymous false\npassword_file {passwords}\n")
    broker.start(USER, PASSWORD)
    yield broker
    broker.stop()
