"""The client of the program that this node descends from: umqtt.simple, whose calls return when all is done."""

import ancestor
import stepwise


class Client:
    def __init__(self, port):
        self._port = port

    def connect(self):
        """Connect in one step; between two steps the rest of a program has its turn."""
        self._client = ancestor.connect(self._port)
        yield

    def publish(self, topic, payload, qos):
        self._client.publish(topic, payload, False, qos)
        yield


def main(case, port, amount):
    stepwise.main(Client, case, port, amount)
