"""chumicro-mqtt, driven by a loop that calls it whenever it has something to do."""

import stepwise
from chumicro_mqtt import MQTTClient
from chumicro_mqtt.client import ProtocolState
from chumicro_sockets.sockets_factory import fixed_connector_factory
from chumicro_timing import ticks_ms


class Client:
    def __init__(self, port):
        self._client = MQTTClient(
            transport_factory=fixed_connector_factory("127.0.0.1", port),
            client_id="bench",
            keep_alive_seconds=5,
            will_topic="status/bench",
            will_message=b"offline",
            will_qos=1,
            will_retain=True,
        )
        self._client.on_publish = self._arrived
        self._waiting = False

    def _arrived(self, *_):
        self._waiting = False

    def _tick(self):
        now = ticks_ms()
        if self._client.check(now):
            self._client.handle(now)

    def connect(self):
        self._client.connect()
        while self._client.state != ProtocolState.CONNECTED:
            self._tick()
            yield

    def publish(self, topic, payload, qos):
        self._waiting = True
        self._client.publish(topic.decode(), payload, qos=qos, on_publish=self._arrived)
        while self._waiting:
            self._tick()
            yield


def main(case, port, amount):
    stepwise.main(Client, case, port, amount)
