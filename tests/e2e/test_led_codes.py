"""Each fault of the table is caused: the LED shows its code, and the node recovers by itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from boards import RunningBoard
from nodes import Broker, Node, config_for, write_flash
from relay import Relay

_STUMBLE = """

async def stumble():
    import asyncio

    await asyncio.sleep(1)
    raise RuntimeError("it stumbled")

"""


def _spells(board: RunningBoard, code: int) -> None:
    """Check that the LED shows the code within half a minute of the board's time."""
    _shows(board, f"fault {code}")


def _is_well(board: RunningBoard) -> None:
    _shows(board, "running")


def _shows(board: RunningBoard, wanted: str) -> None:
    for _ in range(60):
        if board.ctl("led").endswith(wanted):
            return
        board.skip(0.5)
    pytest.fail(f"the LED does not show {wanted!r} but:\n{board.ctl('led')}")


def test_running(node):
    feather: Node = node()
    feather.reading()
    _is_well(feather.board)


def test_1_the_broker_refuses_the_password(tmp_path, boards):
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    program = shutil.which("mosquitto_passwd")
    assert program
    subprocess.run([program, "-b", str(passwords), "n1", "right"], check=True)
    broker = Broker(tmp_path, f"allow_anonymous false\npassword_file {passwords}\n")
    broker.start("n1", "right")
    try:
        write_flash(tmp_path / "n1", config_for(broker, mqtt={"user": "n1", "password": "wrong"}))
        board = boards("n1")
        _spells(board, 1)
    finally:
        broker.stop()


def test_2_the_broker_is_away(node):
    feather: Node = node()
    feather.reading()
    feather.broker.stop()
    _spells(feather.board, 2)
    feather.broker.start()
    feather.comes("connect")
    _is_well(feather.board)


@pytest.mark.parametrize("missing", ["lib/node/session.mpy", "all"])
def test_3_a_library_is_missing(tmp_path, boards, broker, missing):
    write_flash(tmp_path / "n1", config_for(broker), without=missing)
    board = boards("n1")
    _spells(board, 3)
    with board.console() as console:
        console.send(b"\x03")
        console.read_until(b">>> ")
        assert console.type("6*7").strip() == "42"


def test_4_a_sensor_is_gone_and_comes_back(node):
    feather: Node = node()
    feather.reading()
    feather.board.ctl("i2c", "nack")
    fault = feather.fault(4)
    assert fault.json["name"] == "sensor"
    assert "tsl2561 at 0x39" in fault.json["detail"]
    _spells(feather.board, 4)
    since = feather.broker.count
    feather.board.ctl("i2c", "ok")
    feather.reading(since=since)
    feather.fault(0, since=since)
    _is_well(feather.board)


def test_5_a_publication_is_not_acknowledged(tmp_path, boards, broker):
    with Relay(broker.port) as relay:
        config = config_for(broker)
        config["mqtt"]["port"] = relay.port
        write_flash(tmp_path / "n1", config)
        board = boards("n1")
        broker.wait("sensors/n1/lux")
        # Every PUBACK is kept from the node; all other packets, CONNACK too, pass.
        relay.mutate = lambda data: re.sub(rb"\x40\x02..", b"", data, flags=re.DOTALL)
        _spells(board, 5)
        relay.mutate = None
        _is_well(board)


def test_6_a_coroutine_crashes(tmp_path, boards, broker):
    def add_a_crash(text: str) -> str:
        changed = text.replace("\ndef ", _STUMBLE + "\ndef ", 1)
        changed = changed.replace("table = [", 'table = [("stumble", 60, stumble), ', 1)
        assert changed.count("stumble") == 4
        return changed

    write_flash(tmp_path / "n1", config_for(broker), main=add_a_crash)
    board = boards("n1")
    node = Node(board, broker, "n1", 0.0)
    fault = node.fault(6)
    assert "stumble" in fault.json["detail"]
    _spells(board, 6)
    node.reading(since=broker.count)  # the other sensors go on


def test_7_wifi_is_gone(node):
    feather: Node = node(wifi={"timeout_s": 5})
    feather.reading()
    feather.board.ctl("wifi", "off")
    _spells(feather.board, 7)
    feather.board.ctl("wifi", "on")
    _is_well(feather.board)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (None, "config.json"),
        ({"mqtt": {"keepalive_s": 1}}, "mqtt.keepalive_s"),
    ],
)
def test_8_config_json_is_wrong(tmp_path, boards, broker, config, says):
    if isinstance(config, dict):
        config = json.dumps({"wifi": {"ssid": "air"}} | config)
    write_flash(tmp_path / "n1", config)
    board = boards("n1")
    _spells(board, 8)
    with board.console() as console:
        console.send(b"\x03")
        console.read_until(b">>> ")
        assert console.type("6*7").strip() == "42"
        console.send(b"\x04")  # start again, to read its output
        console.read_until(b"soft reboot")
        said = console.read_until(says.encode()).decode()
        board.skip(3)
        console.send(b"\x03")
        said += console.read_until(b">>> ").decode()
    sentences = [line for line in said.splitlines() if says in line]
    assert len(sentences) == 1, said
    assert "Traceback" not in said
