"""umqtt.simple2, which reads acknowledgements only when it is called."""

import stepwise
from umqtt.simple2 import MQTTClient


class Client:
    def __init__(self, port):
        self._client = MQTTClient("bench", "127.0.0.1", port, keepalive=5)
        self._client.set_callback(print)
        self._client.set_last_will(b"status/bench", b"offline", True, 1)

    def connect(self):
        self._client.connect()
        yield

    def publish(self, topic, payload, qos):
        self._client.publish(topic, payload, False, qos)
        yield
        while self._client.rcv_pids:
            self._client.check_msg()
            yield


def main(case, port, amount):
    stepwise.main(Client, case, port, amount)
