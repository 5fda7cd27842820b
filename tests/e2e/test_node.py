"""The whole system: the firmware on a virtual Feather, a real Mosquitto, light on the sensor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from nodes import Node
from waits import LIMIT_S


def test_a_node_announces_itself_and_measures(node):
    feather: Node = node()
    third = feather.reading()
    for _ in range(2):
        third = feather.reading(since=feather.broker.messages.index(third) + 1)
    topics = [message.topic for message in feather.broker.messages]
    mac = feather.board.status()["mac"]
    assert topics[:2] == ["connect/n1", "status/n1"]
    assert feather.broker.messages[0].payload == mac
    assert feather.broker.messages[1].payload == "online"
    assert all(abs(m.number - 250) <= 5 for m in feather.broker.of("sensors/n1/lux"))


@pytest.mark.parametrize("package", ["T", "CS"])
def test_readings_follow_the_light(node, package):
    feather: Node = node()
    feather.board.ctl("chip", package)
    feather.reading()
    for lux in (0, 1, 250, 20000):
        feather.board.ctl("light", str(lux))
        since = feather.broker.count
        # The reading that was under way saw both levels: the reading after it counts.
        first = feather.reading(since=since)
        reading = feather.reading(since=feather.broker.messages.index(first) + 1)
        assert abs(reading.number - lux) <= max(0.02 * lux, 0.05), (package, lux, reading)
        if lux == 0:
            assert reading.payload == "0.00"


def test_too_much_light_is_a_fault_and_no_number(node):
    feather: Node = node()
    feather.reading()
    feather.board.ctl("light", "200000")
    fault = feather.fault(4)
    assert "saturated" in fault.json["detail"]
    since = feather.broker.count
    feather.board.skip(4)
    assert not feather.broker.of("sensors/n1/lux", since)
    feather.board.ctl("light", "250")
    feather.fault(0, since=since)
    assert abs(feather.reading(since=since).number - 250) <= 5


def test_runapp_stops_the_node_cleanly(node):
    feather: Node = node()
    feather.reading()
    since = feather.broker.count
    with feather.board.console() as console:
        feather.board.ctl("runapp", "hold")
        offline = feather.comes("status", since=since, within_s=1.0)
        goodbye = feather.comes("disconnect", since=since, within_s=1.0)
        assert offline.payload == "offline"
        assert goodbye.payload == feather.board.status()["mac"]
        console.read_until(b">>> ")
        feather.board.skip(2)
        console.send(b"1+1\r")
        assert console.read_until(b">>> ") == b"1+1\r\n2\r\n>>> ", "and nothing before it"
        feather.board.ctl("reset")
        assert b"RunApp is held" in console.read_until(b">>> ")
    since = feather.broker.count
    feather.board.ctl("runapp", "release")
    feather.board.ctl("reset")
    feather.comes("connect", since=since)
    feather.reading(since=since)


def _ctrl_c(port: str) -> list[str]:
    script = (
        "import serial, sys\n"
        "line = serial.Serial(sys.argv[1], 115200, timeout=0.05)\n"
        "line.write(b'\\x03')\n"
        "seen = b''\n"
        "while not seen.endswith(b'>>> '): seen += line.read(4096)\n"
    )
    return [sys.executable, "-c", script, port]


def _rshell(port: str) -> list[str]:
    rshell = str(Path(sys.executable).with_name("rshell"))
    return [rshell, "--port", port, "--baud", "115200", "--buffer-size", "128", "ls", "/pyboard"]


def _mpremote(port: str) -> list[str]:
    return [sys.executable, "-m", "mpremote", "connect", port, "fs", "ls"]


@pytest.mark.parametrize("wifi", ["on", "off"])
@pytest.mark.parametrize("command", [_ctrl_c, _rshell, _mpremote])
def test_whoever_comes_gets_the_board(node, command, wifi):
    feather: Node = node()
    if wifi == "on":
        feather.reading()
    else:
        feather.board.ctl("wifi", "off")
        feather.board.skip(2)
    done = subprocess.run(command(feather.board.port), check=False, text=True, capture_output=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr + done.stdout
    assert command is _ctrl_c or "main.py" in done.stdout
    resets = feather.board.status()["resets"]
    feather.board.ctl("clock", "fast")
    with feather.board.console() as console:
        # An hour at the prompt: a timer that was left running would fire.
        assert console.type("import time; time.sleep(3600); 40+2").strip() == "42"
    assert feather.board.status()["resets"] == resets
