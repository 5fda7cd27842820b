"""A cluster of three RabbitMQ nodes, set up as in docs/cluster.md; the feather's broker is killed."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from boards import RunningBoard
from computer import LONG
from nodes import write_flash
from rabbitmq import cluster
from waits import LIMIT_S, wait_for

from bench.cluster import PASSWORD, PORTS, Cluster

__all__ = ["cluster"]

KILLS, BACK_S = 20, 20.0
EVERY_S = 2
_RISE_V, _RISE_S = 0.0002, 0.2  # readings in a row differ by two steps of the ADC, so equal ones are duplicates


class Subscriber:
    """All that node attic publishes, received in a persistent session with QoS 1, from any broker that runs."""

    def __init__(self) -> None:
        self.readings: list[float] = []  # live and late, in order
        self.connects = 0
        self._ended = threading.Event()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, "people", clean_session=False, reconnect_on_failure=False
        )
        self._client.username_pw_set("people", PASSWORD)
        self._client.on_connect = lambda client, *_: client.subscribe(
            [("sensors/#", 1), ("late/#", 1), ("connect/#", 1)]
        )
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._take
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Subscriber:
        self._thread.start()
        assert self._subscribed.wait(LIMIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._client.disconnect()
        self._thread.join(LIMIT_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            for port in PORTS:
                try:
                    self._client.connect("127.0.0.1", port, keepalive=5)
                except OSError:
                    continue
                self._client.loop_forever()
            time.sleep(0.2)

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        kind = message.topic.partition("/")[0]
        if kind == "connect":
            self.connects += 1
        else:
            told = json.loads(message.payload)
            self.readings.append(told["v"] if kind == "late" else told)


@LONG
@pytest.mark.timeout(3600)
def test_the_broker_of_the_node_is_killed(cluster: Cluster, tmp_path, boards) -> None:
    """No reading is lost, and the node is back at another broker within 20 s of its clock."""
    config = {
        "client_id": "attic",
        "wifi": {"ssid": "air"},
        "mqtt": {
            "server": [f"127.0.0.1:{port}" for port in PORTS],
            "user": "attic",
            "password": PASSWORD,
            "keepalive_s": 10,
        },
        "sensors": [{"driver": "adc", "every_s": EVERY_S}],
    }
    write_flash(tmp_path / "attic", config)
    with Subscriber() as heard:
        board = boards("attic")
        with rising(board):
            began, first = _reading(board, heard)
            times = []
            for _ in range(KILLS):
                number = wait_for(lambda: cluster.of("attic"), "the node is at a broker")
                connects, killed = heard.connects, board.clock
                cluster.kill(number)
                wait_for(lambda connects=connects: heard.connects > connects, "the node is at another broker")
                times.append(_reading(board, heard)[0] - killed)
                cluster.start(number)
            ended, last = _reading(board, heard)
    found = heard.readings[heard.readings.index(first) : heard.readings.index(last) + 1]
    print(
        f"{KILLS} times its broker killed: {max(times):.1f} s at most until the node published again, "
        f"{sum(times) / KILLS:.1f} s on average; {len(set(found))} readings, {len(found) - len(set(found))} twice"
    )
    assert max(times) < BACK_S
    assert len(set(found)) == round((ended - began) / EVERY_S) + 1


def _reading(board: RunningBoard, heard: Subscriber) -> tuple[float, float]:
    """Wait for the next reading; the board's clock, and the reading."""
    count = len(heard.readings)
    wait_for(lambda: len(heard.readings) > count, "a reading")
    return board.clock, heard.readings[-1]


@contextlib.contextmanager
def rising(board: RunningBoard) -> Iterator[None]:
    """The voltage at the board's ADC rises."""
    ended = threading.Event()

    def rise() -> None:
        while not ended.wait(_RISE_S):
            board.ctl("adc", board.status()["adc"] + _RISE_V)

    thread = threading.Thread(target=rise)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LIMIT_S)
