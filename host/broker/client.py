"""Listens to a node at its broker, for the last step of flash.sh; and talks with a node, for node.sh update."""

import queue
import time
from dataclasses import dataclass
from typing import Self

from paho.mqtt import client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from host.broker import people
from host.broker.servers import Server, servers

_TRY_S = 5  # seconds for one server


@dataclass(frozen=True)
class Message:
    topic: str
    payload: str
    retained: bool = False

    def __str__(self) -> str:
        return f"{self.topic} {self.payload}"


class Listener:
    """A subscription to what one node publishes, as a context manager.

    `connected` is the server, or None while no server accepts us; `refused` is then the reason of the last one.
    """

    def __init__(self, settings: dict, client_id: str, wanted: list[str] | None = None) -> None:
        """wanted: topic filters in place of those for a node with these settings."""
        self._mqtt = settings["mqtt"]
        self._topics = wanted or topics(settings, client_id)
        self._messages: queue.Queue[Message] = queue.Queue()
        self._client: mqtt.Client | None = None
        self.connected: str | None = None
        self.refused: str | None = None

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        if self._client:
            self._client.disconnect()
            self._client.loop_stop()

    def connect(self) -> None:
        """Try each of the node's servers in turn, once."""
        for server in servers(self._mqtt):
            if self._connect(server):
                self.connected = str(server)
                return

    def next(self, seconds: float) -> Message | None:
        """Return the next message, or None when none comes within `seconds`."""
        if self.connected is None:
            time.sleep(seconds)
            self.connect()
        try:
            return self._messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message, QoS 1; it leaves as soon as there is a connection."""
        if self._client:
            self._client.publish(topic, payload, qos=1)

    def _connect(self, server: Server) -> bool:
        subscribed: queue.Queue[str | None] = queue.Queue()
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        user, password = people.account(self._mqtt)
        if user:
            client.username_pw_set(user, password)

        def on_connect(
            client: mqtt.Client, _data: None, _flags: object, reason: ReasonCode, _properties: object
        ) -> None:
            if reason.is_failure:
                subscribed.put(str(reason))
            else:
                client.subscribe([(topic, 1) for topic in self._topics])

        def on_message(_client: mqtt.Client, _data: None, message: mqtt.MQTTMessage) -> None:
            self._messages.put(Message(message.topic, message.payload.decode(errors="replace"), message.retain))

        client.on_connect = on_connect
        client.on_subscribe = lambda *_: subscribed.put(None)
        client.on_message = on_message
        try:
            client.connect(*server, keepalive=60)
        except OSError:
            return False
        client.loop_start()
        try:
            self.refused = subscribed.get(timeout=_TRY_S)
        except queue.Empty:
            self.refused = "no answer"
        if self.refused:
            client.disconnect()
            client.loop_stop()
            return False
        self._client = client
        return True


def topics(settings: dict, client_id: str) -> list[str]:
    """Return the topic filters for a node with these settings: its connection, its readings, its faults."""
    found = [f"connect/{client_id}", f"fault/{client_id}", f"sensors/{client_id}/+"]
    for sensor in settings["sensors"]:
        found += sensor["topics"].values()
    return found
