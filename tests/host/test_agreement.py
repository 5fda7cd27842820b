"""The host and the board say the same about any config.json, and about the result of any `set`."""

from __future__ import annotations

import gc
import json
import random
import subprocess
from pathlib import Path

import pytest
from probes import MICROPYTHON

from host.settings import check

ROOT = Path(__file__).resolve().parents[2]
_BASE = {
    "client_id": "n1",
    "wifi": {"ssid": "home", "key": "12345678", "others": [{"ssid": "garden", "key": ""}]},
    "mqtt": {"server": ["a.example", "192.168.1.9"], "port": 1883, "user": "u", "password": 'p"\\/\u00e9'},
    "sensors": [
        {"driver": "tsl2561", "every_s": 0.5, "topic": "house/roof", "delta": {"lux": 5}, "heartbeat_s": 600},
        {"driver": "bme280", "every_s": 60, "topics": {"humidity": "a/h"}, "scale": 1.02, "name": "r\U0001f3e0"},
        {"driver": "ds18b20", "pin": 14, "rom": "28ff64021d5f0c4b", "topic": "pond"},
    ],
    "ntp": None,
    "homeassistant": True,
    "stats_s": 300,
    "update_key": "0f" * 32,
}
# Contents that people and editors put into such files.
_PIECES = [
    *(
        b",",
        b":",
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"'",
        b"\\",
        b"/",
        b" ",
        b"\n",
        b"\r\n",
        b"\t",
        b"\0",
        b"#",
        b"//",
        b"010",
    ),
    *(b"10.", b".5", b"+1", b"1e3", b"1e999", b"-0", b"0.49999999", b"86400.01", b"NaN", b"Infinity", b"true", b"True"),
    *(
        b"null",
        b"None",
        b"\\n",
        b"\\u0000",
        b"\\u00e9",
        b"\\ud83d\\ude00",
        b"\\ud83d",
        b"\\ude00",
        b"\\x41",
        b"\\c",
        b"\\u12",
    ),
    *("\ufeff".encode(), "\u00a0".encode(), "\u201c".encode(), "\u2028".encode(), "\U0001f600".encode(), b"\x7f"),
    *(
        "\u0085".encode(),
        "\ufffe".encode(),
        "\ufdd0".encode(),
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xe9",
        b"[[[[[[[[[",
    ),
    *(
        b'"sensors": [],',
        b'"client_id": "n2",',
        b'"x": 1,',
        b"99999999999999999999",
        b"$SYS/",
        b"cmd/",
        b"zz",
        b"1",
        b"16",
    ),
]
_KEYS = [
    *("client_id", "wifi.ssid", "wifi.key", "wifi.others", "wifi.others.0.ssid", "wifi.timeout_s", "mqtt.server"),
    *("mqtt.port", "mqtt.user", "mqtt.password", "sensors", "sensors.0", "sensors.0.topic", "sensors.0.name"),
    *(
        "sensors.1.topics",
        "sensors.1.every_s",
        "sensors.2.rom",
        "sensors.2.pin",
        "sensors.3.driver",
        "pins.led",
        "pins",
    ),
    *(
        "outbox",
        "stats_s",
        "ntp",
        "homeassistant",
        "sleep.every_s",
        "update_key",
        "colour",
        "",
        ".",
        "sensors.x",
        "\u00e9",
    ),
]
_VALUES = [
    *(
        None,
        True,
        0,
        1,
        16,
        118,
        1e3,
        0.5,
        0.49999999,
        86400.01,
        -1,
        1 << 70,
        "",
        "a",
        "n\U0001f600",
        "home\U0001f3e0",
        "x" * 33,
    ),
    *(
        "a\x7fb",
        "a\x85b",
        "a\ufffeb",
        "a\ufdd0b",
        "$SYS/lux",
        "cmd/n1/restart",
        "status/n1",
        "g" * 64,
        "ab" * 32,
        "zz" * 8,
    ),
    *([], {}, [1], {"a": 1}, [{"ssid": "home"}], [{"driver": "adc"}], [{"driver": "bh1750"}, {"driver": "bh1750"}]),
    *({"driver": "adc"}, {"lux": "a/b"}, {"humidity": "a/h", "x": "y"}, "28ff64021d5f0c4b", 14, "single"),
]


def _mutated(chance: random.Random) -> bytes:
    """A config.json with one or two changes, wrong or right."""
    data = json.dumps(_BASE, indent=chance.choice((None, 2)), ensure_ascii=chance.random() < 0.5).encode()
    for _ in range(chance.choice((1, 1, 1, 2))):
        at = chance.randrange(len(data) + 1)
        if chance.random() < 0.5:  # at JSON's syntax, or at a digit
            at = chance.choice([i for i, byte in enumerate(data) if byte in b'{}[],:"0123456789'] or [0])
        cut = chance.choice((0, 0, 1, 1, 2, 5))
        data = data[:at] + chance.choice([b"", *_PIECES]) + data[at + cut :]
    return data


def _payload(chance: random.Random) -> str:
    """A payload for `set`: right, wrong, or not even JSON."""
    changes = {chance.choice(_KEYS): chance.choice(_VALUES) for _ in range(chance.choice((1, 1, 2)))}
    text = json.dumps(changes, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.3:
        at = chance.randrange(len(text) + 1)
        piece = chance.choice(_PIECES).decode(errors="ignore")
        text = text[:at] + piece + text[at + chance.choice((0, 1)) :]
    return text


class Board:
    """The board's check in one process, with a config.json of its own in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.json"
        self.file.write_text(json.dumps(_BASE), encoding="utf-8")
        path = [ROOT / "tests" / "device" / "fakes", ROOT / "firmware" / "lib", ".frozen"]
        self._process = subprocess.Popen(
            [MICROPYTHON, str(ROOT / "tests" / "device" / "verdicts.py"), str(folder)],
            env={"MICROPYPATH": ":".join(map(str, path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def says(self, word: str, data: bytes) -> str | None:
        """The board's sentence; None: it is right. Fails the test when the process ends."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{word} {data.hex()}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the board's check has ended at {word} {data!r}"
        return json.loads(answer)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def board(tmp_path):
    board = Board(tmp_path)
    gc.freeze()  # node.load() collects garbage: leave out pytest's objects
    yield board
    gc.unfreeze()
    board.end()


def _host_says(file: Path) -> str | None:
    try:
        check.load(file)
    except check.Invalid as e:
        return str(e)
    return None


def test_a_config_json_with_something_wrong(board, request):
    count = 1000 if request.config.getoption("--long") else 100
    chance = random.Random(13)
    verdicts = [0, 0]
    for _ in range(count):
        data = _mutated(chance)
        said = board.says("file", data)
        assert said == _host_says(board.file), data
        verdicts[said is None] += 1
    print(f"config.json: {count} mutated, {verdicts[1]} right and {verdicts[0]} wrong on the host and the board alike")
    assert min(verdicts) >= count // 50


def test_what_set_makes_of_it(board, request):
    """A payload is refused if the host would refuse its result; config.json is valid JSON in UTF-8 after each."""
    count = 500 if request.config.getoption("--long") else 50
    chance = random.Random(14)
    verdicts = [0, 0]
    for _ in range(count):
        before = board.file.read_bytes()
        payload = _payload(chance)
        said = board.says("set", payload.encode())
        after = board.file.read_bytes()
        assert _host_says(board.file) is None, payload
        json.loads(after.decode("utf-8", "strict"))
        if said is None:
            verdicts[1] += 1
        else:
            verdicts[0] += 1
            assert after == before, payload
            assert said and "Error" not in said, payload
        assert sorted(path.name for path in board.file.parent.iterdir()) == ["config.json"]
        board.file.write_text(json.dumps(_BASE), encoding="utf-8")
    print(f"set: {count} payloads, {verdicts[1]} taken and {verdicts[0]} refused")
    assert min(verdicts) >= count // 50
