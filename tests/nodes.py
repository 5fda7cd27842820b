"""Whole nodes for tests: a real Mosquitto (`broker`), and virtual Feathers with the firmware on them (`node`)."""

from __future__ import annotations

import getpass
import json
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from boards import RunningBoard
from relay import Relay
from waits import LIMIT_S, wait_for

from host.image.firmware import Firmware, make
from host.image.images import LAYOUTS
from virtual_feather.flash import Flash
from virtual_feather.image import make_image
from virtual_feather.layouts import layout

CLIENT = "n1"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a subscriber to everything sees it."""

    topic: str
    payload: str
    at: float  # time.monotonic()
    retained: bool

    @property
    def number(self) -> float:
        """The payload of a sensor topic."""
        return float(self.payload)

    @property
    def json(self) -> dict[str, Any]:
        """The payload of fault/, late/ and stats/."""
        return json.loads(self.payload)


class Broker:
    """Mosquitto on a loopback port of its own; the port stays the same after a stop and a start."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true\n") -> None:
        """settings: lines for mosquitto.conf besides the listener."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        common = f"persistence false\nlog_type none\nuser {getpass.getuser()}\n"
        self._config.write_text(f"listener {self.port} 127.0.0.1\n{common}{settings}")
        self.host = "127.0.0.1"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: mqtt.Client | None = None
        self._news = threading.Condition()
        self.messages: list[Message] = []  # all so far, in order

    def start(self, user: str | None = None, password: str | None = None) -> None:
        """Start the broker, and listen to all topics as `user`."""
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        assert program, "mosquitto is not installed: ./test.sh installs it"
        self._process = subprocess.Popen([program, "-c", str(self._config)])
        self.listen(user, password)

    def listen(self, user: str | None = None, password: str | None = None) -> None:
        """Listen to all topics of the broker at `port`, as `user`."""
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        if user is not None:
            client.username_pw_set(user, password)
        subscribed = threading.Event()
        client.on_connect = lambda *_: client.subscribe("#", qos=1)
        client.on_subscribe = lambda *_: subscribed.set()
        client.on_message = self._take
        self._connect(client)
        client.loop_start()
        assert subscribed.wait(LIMIT_S), "the broker does not let us subscribe"
        self._client = client

    def _connect(self, client: mqtt.Client) -> None:
        def listens() -> bool:
            try:
                client.connect(self.host, self.port)
            except ConnectionRefusedError:
                return False
            return True

        wait_for(listens, "Mosquitto listens")

    def reload(self) -> None:
        """Make the broker read its files again, as `systemctl reload mosquitto` does."""
        assert self._process, "the broker does not run"
        self._process.send_signal(signal.SIGHUP)

    def stop(self, gently: bool = False) -> None:
        """Kill the broker at once. gently: end it as systemd does, so that it saves what it keeps."""
        if self._client:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None
        if self._process:
            if gently:
                self._process.terminate()
            else:
                self._process.kill()
            self._process.wait(LIMIT_S)
            self._process = None

    def publish(self, topic: str, payload: str, retain: bool = False) -> None:
        """Send a message, acknowledged by the broker."""
        assert self._client, "the broker does not run"
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(LIMIT_S)

    def retained(self, topic: str) -> str:
        """The retained message of a topic, as a new subscriber gets it."""
        found: queue.SimpleQueue[str] = queue.SimpleQueue()
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.on_connect = lambda *_: client.subscribe(topic)
        client.on_message = lambda _client, _data, message: found.put(message.payload.decode())
        self._connect(client)
        client.loop_start()
        try:
            return found.get(timeout=LIMIT_S)
        except queue.Empty:
            pytest.fail(f"the broker keeps nothing of {topic}")
        finally:
            client.disconnect()
            client.loop_stop()

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._news:
            text = message.payload.decode()
            self.messages.append(Message(message.topic, text, time.monotonic(), bool(message.retain)))
            self._news.notify_all()

    def wait(self, topic: str, since: int = 0, want: Callable[[Message], bool] = lambda _: True) -> Message:
        """The first message of a topic, from number `since` on, that want() accepts. Fails the test if none comes."""

        def found() -> Message | None:
            with self._news:
                self._news.wait_for(lambda: len(self.messages) > looked[0], 1.0)
                looked[0], after = len(self.messages), self.messages[looked[0] :]
            return next((message for message in after if message.topic == topic and want(message)), None)

        looked = [since]
        return wait_for(
            found, lambda: "\n".join([topic, *(f"{m.topic} {m.payload}" for m in self.messages[since:])]), 0
        )

    def of(self, topic: str, since: int = 0) -> list[Message]:
        """Messages of a topic so far, from number `since` on."""
        with self._news:
            return [message for message in self.messages[since:] if message.topic == topic]

    @property
    def count(self) -> int:
        """Number of messages so far, for `since`."""
        with self._news:
            return len(self.messages)


def write_flash(
    state: Path,
    config: dict[str, Any] | str | None,
    image: str = "romfs",
    without: str | None = None,
    main: Callable[[str], str] = str,
) -> None:
    """Make the flash of a board that has been flashed and uploaded to.

    config: None for a board without config.json. without: a file to leave out, or "all" of lib/.
    main: changes the text of main.py.
    """
    state.mkdir(parents=True, exist_ok=True)
    file = state.parent / f"{state.name}.json"
    file.write_text(config if isinstance(config, str) else json.dumps(config or {}))
    firmware = make(LAYOUTS[image], file)
    if config is None:
        del firmware.flash["config.json"]
    if without:
        _leave_out(without, firmware)
    firmware.flash["main.py"] = main(firmware.flash["main.py"].decode()).encode()
    flash = Flash(state / "flash.bin")
    flash.program(0, make_image(layout(image)))
    for address, _, content in firmware.pieces(flash.size):
        flash.program(address, content)
    flash.close()


def _leave_out(without: str, firmware: Firmware) -> None:
    files = firmware.flash | firmware.rom
    missing = [path for path in files if path == without or (without == "all" and path.startswith("lib/"))]
    assert missing, f"there is no {without}"
    for path in missing:
        firmware.flash.pop(path, None)
        firmware.rom.pop(path, None)


class Node:
    """A virtual Feather with the firmware, and the broker it talks to."""

    def __init__(self, board: RunningBoard, broker: Broker, name: str, started: float) -> None:
        self.board = board
        self.broker = broker
        self.name = name
        self.started = started  # time.monotonic() after power-on

    def topic(self, kind: str, rest: str = "") -> str:
        """The topic `kind`/<id>, or `kind`/<id>/`rest`."""
        return f"{kind}/{self.name}" + (f"/{rest}" if rest else "")

    def ask(self, verb: str, payload: str = "") -> str:
        """Send a command; the answer."""
        since = self.broker.count
        self.broker.publish(self.topic("cmd", verb), payload)
        return self.comes("reply", verb, since).payload

    def wait(
        self, topic: str, since: int = 0, want: Callable[[Message], bool] = lambda _: True, within_s: float = LIMIT_S
    ) -> Message:
        """As the broker's wait(), but the board's time passes until the message is there.

        Fails the test when it does not come within `within_s` of the board's clock.
        """
        return self.board.until(lambda: next(filter(want, self.broker.of(topic, since)), None), within_s)

    def comes(self, kind: str, rest: str = "", *words: Any, **options: Any) -> Message:
        """wait() for `kind`/<id>/`rest`."""
        return self.wait(self.topic(kind, rest), *words, **options)

    def reading(self, since: int = 0) -> Message:
        """The next illuminance published live."""
        return self.comes("sensors", "lux", since)

    def fault(self, code: int, since: int = 0) -> Message:
        """The message that fault `code` has begun (0: no fault)."""
        return self.comes("fault", "", since, lambda message: message.json["code"] == code)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that lets everybody in, started."""
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def relay(broker: Broker) -> Iterator[Relay]:
    """A relay in front of a running broker."""
    with Relay(broker.port) as relay:
        yield relay


def config_for(broker: Broker, **changes: Any) -> dict[str, Any]:
    """A config.json for a node of that broker that measures every second. `changes` replace keys; dicts are merged."""
    config: dict[str, Any] = {
        "client_id": CLIENT,
        "wifi": {"ssid": "air"},
        "mqtt": {"server": "127.0.0.1", "port": broker.port, "keepalive_s": 5},
        "sensors": [{"driver": "tsl2561", "every_s": 1}],
    }
    for key, value in changes.items():
        config[key] = config[key] | value if isinstance(value, dict) and key in config else value
    return config


@pytest.fixture
def node(tmp_path: Path, boards: Callable[..., RunningBoard], broker: Broker) -> Callable[..., Node]:
    """start(*options, image="romfs", **config) starts a node; options are words for `virtual_feather run`."""
    return starter(tmp_path, boards, broker)


def starter(tmp_path: Path, boards: Callable[..., RunningBoard], broker: Broker) -> Callable[..., Node]:
    """The fixture `node`, for a broker of the test's own."""

    def start(*options: str, image: str = "romfs", **config: Any) -> Node:
        full = config_for(broker, **config)
        name = full["client_id"]
        write_flash(tmp_path / name, full, image)
        started = time.monotonic()
        return Node(boards(name, *options), broker, name, started)

    return start
