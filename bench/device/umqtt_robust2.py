"""umqtt.robust2, which queues messages that could not be sent, and reads acknowledgements only when it is called."""

import stepwise
from umqtt.robust2 import MQTTClient


class Client:
    def __init__(self, port):
        self._client = MQTTClient("bench", "127.0.0.1", port, keepalive=5)
        self._client.set_callback(print)
        self._client.set_last_will(b"status/bench", b"offline", True, 1)

    def connect(self):
        self._client.connect()
        yield
        while self._client.is_conn_issue():
            self._client.reconnect()
            yield

    def publish(self, topic, payload, qos):
        client = self._client
        client.publish(topic, payload, False, qos)
        yield
        while client.things_to_do():
            if client.is_conn_issue():
                client.reconnect()
                yield
            client.check_msg()
            yield
            client.send_queue()
            yield


def main(case, port, amount):
    stepwise.main(Client, case, port, amount)
