"""node.sh watch on a real Mosquitto, and its line for each message."""

from __future__ import annotations

import datetime
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from accounts import PASSWORD, USER
from clone import Clone
from nodes import Broker
from waits import LIMIT_S, wait_for

from host.broker.watch import Columns
from host.failure import Exit
from host.faults import in_words, meanings

pytestmark = pytest.mark.timeout(LIMIT_S)
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ")


@pytest.fixture
def clone(tmp_path) -> Clone:
    return Clone(tmp_path / "clone")


def write_config(clone: Clone, broker: Broker, server: object = "127.0.0.1", **mqtt: object) -> None:
    config = {"wifi": {"ssid": "air"}, "mqtt": {"server": server, "port": broker.port, **mqtt}}
    (clone.folder / "config.json").write_text(json.dumps(config))


class Watch:
    """node.sh watch, running."""

    def __init__(self, clone: Clone, *words: object) -> None:
        self.process = subprocess.Popen(
            # A background job of a shell without job control ignores Ctrl-C, and so do its child processes.
            ["env", "--default-signal=INT", "./node.sh", "watch", *map(str, words)],
            cwd=clone.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def lines(self, count: int) -> list[str]:
        """The next lines, without their time."""
        assert self.process.stdout
        found = [self.process.stdout.readline().rstrip("\n") for _ in range(count)]
        assert all(_TIME.match(line) for line in found), found
        return [_TIME.sub("", line) for line in found]

    def subscriber(self) -> int:
        """The process of mosquitto_sub."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert len(children) == 1
        return int(children[0])

    def end(self, how: int = signal.SIGINT) -> int:
        """End it as a terminal's Ctrl-C does; its exit status."""
        os.killpg(self.process.pid, how)
        self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode


@pytest.fixture
def watch(clone) -> Iterator[Callable[..., Watch]]:
    started: list[Watch] = []

    def start(*words: object) -> Watch:
        started.append(Watch(clone, *words))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)


def test_shows_what_nodes_say_in_columns_and_faults_in_words(clone, watch, locked):
    write_config(clone, locked, user=USER, password=PASSWORD)
    locked.publish("fault/attic", '{"code":4,"name":"sensor","detail":"tsl2561 at 0x39: no answer"}', retain=True)
    shown = watch()
    assert shown.lines(1) == [
        "attic           fault         fault 4: a sensor does not answer, or cannot measure "
        "(tsl2561 at 0x39: no answer)  (kept by the broker)"
    ]
    for topic, payload in (
        ("connect/feather-1a2b3c", "5ccf7f1a2b3c"),
        ("update/attic", "wAAAAAAAA"),  # a piece of an update over the air, and its answer: not shown
        ("reply/attic/update", "ok 100"),
        ("sensors/feather-1a2b3c/lux", "250.01"),
        ("sensors/a-node-with-a-long-name/temperature", "21.5"),
        ("late/attic/lux", '{"v":249.87,"age_s":84}'),
        ("maison/exterieur/cabane/lux", "12.00"),
        ("fault/attic", '{"code":0}'),
        ("reply/attic/update", "works: update 7, version 1.0.0"),
        ("status/attic", ""),
    ):
        locked.publish(topic, payload)
    assert shown.lines(8) == [
        "feather-1a2b3c  connect       5ccf7f1a2b3c",
        "feather-1a2b3c  sensors/lux   250.01",
        "a-node-with-a-long-name  sensors/temperature  21.5",
        'attic                    late/lux             {"v":249.87,"age_s":84}',
        "-                        maison/exterieur/cabane/lux  12.00",
        "attic                    fault                        all is well",
        "attic                    reply/update                 works: update 7, version 1.0.0",
        "attic                    status",
    ]
    assert shown.end() == Exit.OK


def test_nobody_sees_the_password(clone, watch, locked, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    write_config(clone, locked, user=USER, password=PASSWORD)
    shown = watch("sensors/#")
    files = wait_for(lambda: list(tmp_path.glob("*/mosquitto_sub")), "the password's file")
    locked.publish("sensors/attic/lux", "1.00", retain=True)  # it may not have subscribed yet
    shown.lines(1)
    pids = [shown.process.pid, shown.subscriber()]
    for pid in pids:
        for what in ("cmdline", "environ"):
            assert b"secret" not in Path(f"/proc/{pid}/{what}").read_bytes()
    assert b"mosquitto_sub" in Path(f"/proc/{pids[1]}/cmdline").read_bytes()
    assert "secret" in files[0].read_text()
    assert (files[0].stat().st_mode & 0o777, files[0].parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert shown.end(signal.SIGTERM) == Exit.OK
    assert not files[0].exists() and not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_filters(clone, watch, broker):
    write_config(clone, broker)
    shown = watch("sensors/+/lux", "fault/#")
    broker.publish("fault/attic", '{"code":0}', retain=True)
    assert shown.lines(1)[0].startswith("attic")
    for topic in ("stats/attic", "sensors/attic/temperature", "sensors/attic/lux"):
        broker.publish(topic, "1")
    assert shown.lines(1) == ["attic           sensors/lux   1"]


def test_the_second_server_of_a_list_and_options_that_go_before(clone, watch, broker):
    write_config(clone, broker, ["127.0.0.2", "127.0.0.1"])
    broker.publish("status/attic", "online", retain=True)
    assert watch().lines(1) == ["attic           status        online  (kept by the broker)"]
    (clone.folder / "config.json").write_text(json.dumps({"mqtt": {"server": "127.0.0.2", "port": 1}}))
    shown = watch("--host", "127.0.0.1", "--port", broker.port, "status/#")
    assert shown.lines(1) == ["attic           status        online  (kept by the broker)"]


def test_another_user_is_asked_for_the_password(clone, locked):
    locked.publish("status/attic", "online", retain=True)
    process = subprocess.Popen(
        ["./node.sh", "watch", "--host", "127.0.0.1", "--port", str(locked.port), "--user", USER],
        cwd=clone.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # no terminal: the question goes to standard input
    )
    assert process.stdin and process.stdout
    process.stdin.write(f"{PASSWORD}\n")
    process.stdin.flush()
    assert "online" in process.stdout.readline()
    process.terminate()
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == Exit.OK


def test_says_why_it_ends(clone, locked):
    def ends(*words: object) -> tuple[int, str]:
        done = clone.run("./node.sh", "watch", *map(str, words))
        assert done.stdout == ""
        return done.returncode, done.stderr

    code, said = ends()
    assert code == Exit.CONFIG and "config.json is missing" in said and "--host" in said
    code, said = ends("--prot", 1)
    assert code == Exit.USAGE and "--prot" in said
    for words in (("--host", "192.168.1..210"), ("--host", "::1"), ("--host", "127.0.0.1", "--port", 70000)):
        code, said = ends(*words)
        assert code == Exit.USAGE and "--host, --port: mqtt." in said
    code, said = ends("--host", "127.0.0.1", "--port", locked.port)
    assert code == Exit.BROKER and "not authorised" in said
    write_config(clone, locked, user=USER, password="wrong")
    code, said = ends()
    assert code == Exit.BROKER and f"127.0.0.1:{locked.port}" in said and "not authorised" in said
    locked.stop()
    code, said = ends()
    assert code == Exit.BROKER and "no broker answers at 127.0.0.1" in said


def test_into_a_program_that_has_read_enough(clone, broker):
    """watch ends at the next message, as mosquitto_sub does."""
    write_config(clone, broker)
    broker.publish("status/attic", "online", retain=True)
    process = subprocess.Popen(
        ["bash", "-c", "./node.sh watch | head -n 1; echo ${PIPESTATUS[0]}"],
        cwd=clone.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def ended() -> bool:
        broker.publish("status/attic", "online")
        return process.poll() is not None

    wait_for(ended, "the end of watch.sh", 0.1)
    output, errors = process.communicate()
    assert errors == "" and output.count("online") == 1 and output.endswith("\n0\n")


def test_help(clone):
    done = clone.run("./node.sh", "watch", "--help")
    assert done.returncode == 0 and "--user NAME" in done.stdout and "Exit status" in done.stdout


def test_words_of_every_fault():
    assert list(meanings()) == list(range(1, 9))
    for code, meaning in meanings().items():
        assert in_words(json.dumps({"code": code, "name": "x"})) == f"fault {code}: {meaning}"


@pytest.mark.parametrize("payload", ["", "0", "[]", "null", "text", '{"code":99}', '{"code":"4"}', '{"name":"x"}', "{"])
def test_what_is_no_fault_is_shown_as_it_is(payload):
    assert in_words(payload) == payload


def test_a_payload_that_is_no_text_does_not_end_it(watch, clone, broker):
    write_config(clone, broker)
    broker.publish("status/attic", "online", retain=True)
    shown = watch()
    shown.lines(1)
    client = broker._client
    assert client
    client.unsubscribe("#")  # the test's own listener wants text
    for payload in (b"\xff\xfe", b"two\nlines", b'"quoted" \\', b"\x1b[2J", "21.5 °C".encode()):
        client.publish("status/attic", payload).wait_for_publish(LIMIT_S)
    found = [line.removeprefix("attic           status        ") for line in shown.lines(5)]
    assert found[1:] == ["two\\nlines", '"quoted" \\', "\\x1b[2J", "21.5 °C"]


def test_time_is_when_it_came():
    line = Columns().line({"topic": "status/attic", "payload": "online"}, datetime.datetime(2026, 1, 2, 3, 4, 5))
    assert line == "2026-01-02 03:04:05  attic           status        online"
