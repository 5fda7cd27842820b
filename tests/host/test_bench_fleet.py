"""The fleet's counts: how much of what a real broker received was heard, and what nodes say that they dropped."""

from __future__ import annotations

import json
import time

import paho.mqtt.client as mqtt

from bench import fleet
from bench.broker import Broker
from bench.listener import Listener, Message


def test_lost_is_what_the_broker_got_and_nobody_heard_and_what_nodes_dropped():
    with Broker() as broker, Listener(broker.port, "#", fleet._RECEIVED) as listener:
        node = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        node.will_set("status/a", "offline", qos=1)
        node.connect("127.0.0.1", broker.port)
        node.loop_start()
        for i in range(50):
            node.publish("sensors/a/lux", str(i), qos=1).wait_for_publish(5)
        node.publish("stats/a", json.dumps({"dropped": 0}), retain=True).wait_for_publish(5)
        node.loop_stop()
        sock = node.socket()
        assert sock
        sock.close()  # without DISCONNECT: the broker publishes the last will
        assert listener.wait(lambda one: one.payload == b"offline", 5)
        time.sleep(fleet._SYS_S)
        assert fleet._lost(listener, broker.version) == 0
        listener.messages.append(Message("stats/a", json.dumps({"dropped": 3}).encode(), 0.0))
        listener.messages = [one for one in listener.messages if one.payload not in (b"7", b'{"dropped": 0}')]
        assert fleet._lost(listener, broker.version) == 4
