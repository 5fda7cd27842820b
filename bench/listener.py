"""Receives all messages of a broker, with the time at which each came."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Self

import paho.mqtt.client as mqtt


class Message(NamedTuple):
    topic: str
    payload: bytes
    at: float  # time.monotonic()


class Listener:
    """Subscribed to `topics` inside `with`, with QoS 1, so that the broker queues messages for a slow listener."""

    def __init__(self, port: int, *topics: str, user: str | None = None, password: str | None = None) -> None:
        self._port = port
        self._topics = [(topic, 1) for topic in topics or ("#",)]
        self._news = threading.Condition()
        self.messages: list[Message] = []
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(user, password)
        self._client.reconnect_delay_set(0.05, 0.05)
        self._client.on_message = self._take

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert ready.wait(5), "the broker does not let us subscribe"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: str) -> None:
        """Publish a message with QoS 1."""
        self._client.publish(topic, payload, qos=1)

    def _take(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._news:
            self.messages.append(Message(message.topic, message.payload, time.monotonic()))
            self._news.notify_all()

    def wait(self, wanted: Callable[[Message], bool], timeout: float, since: int = 0) -> Message | None:
        """The first message from number `since` on that is wanted, or None when none comes in time."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                for message in self.messages[since:]:
                    if wanted(message):
                        return message
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._news.wait(left)

    def of(self, prefix: str) -> list[Message]:
        """Messages so far whose topic begins with `prefix`."""
        with self._news:
            return [message for message in self.messages if message.topic.startswith(prefix)]
