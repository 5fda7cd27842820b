"""bootstrap.sh --broker, --print and --remove-broker: which files it makes, who may read them, what it says."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from host.broker import mosquitto
from host.broker.system_files import SystemFiles
from host.console import Console
from host.failure import Exit, Failure

FILES = {
    "etc/mosquitto/conf.d/huzzah-node.conf": 0o644,
    "etc/mosquitto/huzzah-node/passwd": 0o600,
    "etc/mosquitto/huzzah-node/acl": 0o600,
    "etc/systemd/system/mosquitto.service.d/huzzah-node.conf": 0o644,
}


def state(folder):
    """Every file below a folder: content, mode and time of last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".venv" not in path.parts
    }


def test_its_own_files_with_the_right_modes(delivered):
    config = delivered.add("attic")
    assert {path: mode for path, (_, mode, _) in state(delivered.prefix).items()} == FILES
    assert config["mqtt"]["user"] == "attic"
    assert len(config["mqtt"]["password"]) == 43  # 256 bits
    assert stat.S_IMODE((delivered.clone.folder / "config.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((delivered.clone.folder / "nodes").stat().st_mode) == 0o700
    passwd = (delivered.prefix / "etc/mosquitto/huzzah-node/passwd").read_text()
    assert re.findall(r"^(\w+):\$7\$", passwd, re.MULTILINE) == ["attic", "people"]


def test_no_password_is_said_or_left_in_a_file_of_the_system(delivered):
    words = ("attic", "--image", "romfs", "--broker", "--set", "wifi.ssid=air")
    first, second = delivered.bootstrap(*words), delivered.bootstrap(*words)
    shown = delivered.bootstrap("--broker", "--print")
    everything = "".join(done.stdout + done.stderr for done in (first, second, shown))
    everything += "".join(content.decode() for content, _, _ in state(delivered.prefix).values())
    update_key = delivered.nodes.get("attic").settings["update_key"]
    for secret in (delivered.secret("attic"), update_key, delivered.secret("people")):
        assert len(secret) > 40
        assert secret not in everything


def test_a_second_run_changes_nothing(delivered):
    delivered.bootstrap("--image", "romfs", "--broker", "--set", "client_id=attic")
    before = state(delivered.prefix), state(delivered.clone.folder)
    delivered.bootstrap("--image", "romfs", "--broker")
    assert (state(delivered.prefix), state(delivered.clone.folder)) == before


def test_another_node_leaves_the_first_as_it_was(delivered):
    first = delivered.add("attic", "sensors.0.topic=house/attic/light")
    second = delivered.add("cellar", "sensors.0.topic=null")
    assert len({first["mqtt"]["password"], second["mqtt"]["password"]}) == 2
    assert len({first["update_key"], second["update_key"]}) == 2
    again = delivered.add("attic", "sensors.0.topic=house/attic/light")
    assert again["mqtt"] == first["mqtt"]
    assert again["update_key"] == first["update_key"]
    passwd = (delivered.prefix / "etc/mosquitto/huzzah-node/passwd").read_text()
    assert list(mosquitto.accounts(passwd)) == ["attic", "cellar", "people"]
    acl = (delivered.prefix / "etc/mosquitto/huzzah-node/acl").read_text()
    assert mosquitto.sections(acl) == {"attic": ["house/attic/light"], "cellar": []}


@pytest.mark.parametrize("topic", ["house/attic/light", "sensors/attic/lux"])
def test_a_topic_of_another_node_is_refused(delivered, topic):
    delivered.add("attic", "sensors.0.topic=house/attic/light")
    before = state(delivered.prefix)
    words = ("--set", f"sensors.0.topic={topic}")
    done = delivered.bootstrap("cellar", "--image", "romfs", "--broker", *words, code=Exit.CONFIG)
    assert f"{topic} is a topic of attic" in done.stderr
    assert state(delivered.prefix) == before


def test_print_shows_the_files_and_changes_nothing(delivered):
    delivered.add("attic", "sensors.0.topic=house/attic/light")
    before = state(delivered.clone.folder.parent)
    shown = delivered.bootstrap("--broker", "--print").stdout
    assert state(delivered.clone.folder.parent) == before
    for path in FILES:
        assert f"# --- /{path}" in shown
    assert f"listener {delivered.port}\nallow_anonymous false\n" in shown
    assert "topic write house/attic/light" in shown
    assert (delivered.prefix / "etc/mosquitto/huzzah-node/acl").read_text() in shown


def test_the_port_of_the_entry_that_is_this_computer(delivered):
    delivered.add("attic", f'mqtt.server=["192.0.2.1:1884", "127.0.0.1:{delivered.port}"]', "mqtt.port=1885")
    conf = (delivered.prefix / "etc/mosquitto/conf.d/huzzah-node.conf").read_text()
    assert f"listener {delivered.port} 127.0.0.1\n" in conf
    assert f"-p {delivered.port}\n" in (delivered.clone.folder / "people/mosquitto_sub").read_text()
    assert f"listener {delivered.port}\n" in delivered.bootstrap("--broker", "--print").stdout


def test_removed_cleanly(delivered):
    other = delivered.prefix / "etc/mosquitto/conf.d/README"
    other.parent.mkdir(parents=True)
    other.write_text("Debian's")
    first = delivered.add("attic")
    delivered.bootstrap("--remove-broker")
    assert list(state(delivered.prefix)) == ["etc/mosquitto/conf.d/README"]
    assert not (delivered.prefix / "etc/mosquitto/huzzah-node").exists()
    assert not [*(delivered.clone.folder / "people").iterdir()]
    assert "has nothing of ours" in delivered.bootstrap("--remove-broker").stderr
    assert delivered.add("attic")["mqtt"] == first["mqtt"]  # so boards need no new file


@pytest.mark.parametrize("line", ["listener 1883", "allow_anonymous true", "  port 1884", "password_file /etc/x"])
def test_a_broker_that_somebody_has_set_up_already_is_left_alone(delivered, line):
    other = delivered.prefix / "etc/mosquitto/conf.d/other.conf"
    other.parent.mkdir(parents=True)
    other.write_text(f"# mine\n{line}\n")
    done = delivered.bootstrap("--image", "romfs", "--broker", "--set", "client_id=attic", code=Exit.COMPUTER)
    assert f"other.conf has `{line.strip()}`" in done.stderr
    assert list(state(delivered.prefix)) == ["etc/mosquitto/conf.d/other.conf"]


@pytest.mark.parametrize("name", ["null", "people", "two words", "a:b", "%u", "größe"])
def test_names_that_no_account_can_have(delivered, name):
    done = delivered.bootstrap("--image", "romfs", "--broker", "--set", f"client_id={name}", code=Exit.CONFIG)
    assert "client_id" in done.stderr
    assert state(delivered.prefix) == {}
    assert not (delivered.clone.folder / "config.json").exists()


def test_an_account_of_ones_own_is_replaced_by_ours(delivered):
    """At another broker the user chose the account; here it has the node's name, and cannot be guessed."""
    config = delivered.add("attic", "mqtt.user=attic", "mqtt.password=summer")
    assert len(config["mqtt"]["password"]) == 43


@pytest.mark.parametrize(
    "words", [("--print",), ("--remove-broker", "--broker"), ("--broker", "--print", "--set", "outbox=9")]
)
def test_words_that_do_not_go_together(delivered, words):
    assert "Traceback" not in delivered.bootstrap(*words, code=Exit.USAGE).stderr


def test_the_next_node_has_an_account_without_being_asked(delivered):
    """If this computer's broker is ours; and one run gives all nodes their accounts again."""
    delivered.add("attic")
    delivered.bootstrap("cellar", "--image", "romfs")
    assert delivered.nodes.get("cellar").settings["mqtt"]["user"] == "cellar"
    passwd = delivered.prefix / "etc/mosquitto/huzzah-node/passwd"
    assert list(mosquitto.accounts(passwd.read_text())) == ["attic", "cellar", "people"]
    delivered.bootstrap("--remove-broker")
    delivered.bootstrap("--image", "romfs", "--broker")
    assert list(mosquitto.accounts(passwd.read_text())) == ["attic", "cellar", "people"]


def test_updates_refused_on_purpose_stay_refused(delivered):
    assert len(delivered.add("attic")["update_key"]) == 64
    assert delivered.add("attic", "update_key=null")["update_key"] is None
    delivered.bootstrap("--image", "romfs", "--broker")
    assert delivered.nodes.get("attic").settings["update_key"] is None


class Sudo:
    """A `sudo` that comes first on PATH and only writes down its arguments."""

    def __init__(self, folder, monkeypatch):
        self._folder = folder
        self._path = os.environ["PATH"]
        self._monkeypatch = monkeypatch
        self.log = folder / "sudo.log"
        monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def works(self, answer):
        script = self._folder / "sudo"
        script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{self.log}\nexit {0 if answer else 1}\n')
        script.chmod(0o755)
        self._monkeypatch.setenv("PATH", f"{self._folder}:{self._path}")


@pytest.fixture
def sudo(tmp_path, monkeypatch):
    return Sudo(tmp_path, monkeypatch)


def test_sudo_only_where_something_changes(sudo, capsys):
    sudo.works(True)
    files = SystemFiles(Console(), "./bootstrap.sh --broker")
    assert not files.write("/etc/hostname", Path("/etc/hostname").read_text())
    assert not sudo.log.exists()
    assert files.write("/etc/huzzah-node-test/passwd", "secret", owner="mosquitto", mode=0o600)
    assert sudo.log.read_text().splitlines() == [
        "-n true",
        "-n install -o root -g mosquitto -d -m 750 /etc/huzzah-node-test",
        "-n install -o mosquitto -g mosquitto -m 600 /dev/stdin /etc/huzzah-node-test/passwd",
    ]
    shown = capsys.readouterr().err
    assert "install -o mosquitto" in shown
    assert "secret" not in shown


@pytest.mark.parametrize("there", [True, False])
def test_without_sudo_the_command_is_given(sudo, monkeypatch, tmp_path, there):
    if there:
        sudo.works(False)
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115
    files = SystemFiles(Console(), "./bootstrap.sh --broker")
    with pytest.raises(Failure, match=r"su -c '\./bootstrap\.sh --broker'") as failure:
        files.write("/etc/huzzah-node-test/passwd", "secret")
    assert failure.value.code == Exit.COMPUTER


def test_the_password_is_on_no_command_line(monkeypatch):
    seen = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda argv, **rest: seen.append(argv) or run(argv, **rest))
    line = mosquitto.line_for("attic", "planted-secret", None)
    assert len(seen) == 1
    assert "planted-secret" not in str(seen)
    assert mosquitto.line_for("attic", "planted-secret", line) == line
    assert mosquitto.line_for("attic", "another", line) != line
