"""The kind of program that this node descends from, for the benchmarks: one loop, in which every call waits.

Join the network, connect, then measure and publish in turns; a lost network or broker is not handled.
It runs on a board as main.py would: import ancestor; ancestor.main(port).
"""

import time

from umqtt.simple import MQTTClient

SERVER = "127.0.0.1"
CLIENT_ID = "bench"
TOPIC = b"sensors/bench/lux"
MAC = b"5ccf7f000001"
EVERY_S = 1


def join(ssid):
    """Wait until the board is in the network."""
    import network

    sta = network.WLAN(network.STA_IF)
    sta.active(True)
    sta.connect(ssid, "")
    while not sta.isconnected():
        time.sleep_ms(100)


def connect(port, keepalive=5):
    """Return the client, connected and announced."""
    client = MQTTClient(CLIENT_ID, SERVER, port, keepalive=keepalive)
    client.set_last_will(b"status/" + CLIENT_ID.encode(), b"offline", True, 1)
    client.connect()
    client.publish(b"connect/" + CLIENT_ID.encode(), MAC, False, 1)
    return client


def lux(bus):
    """Return the reading of a TSL2561 at gain 1x, which blocks for 450 ms."""
    bus.writeto_mem(0x39, 0x80, b"\3")
    time.sleep_ms(450)
    visible = int.from_bytes(bus.readfrom_mem(0x39, 0xAC, 2), "little")
    infrared = int.from_bytes(bus.readfrom_mem(0x39, 0xAE, 2), "little")
    return 0.5 * visible - infrared


def begin(port):
    """Return the client and the I2C bus."""
    from machine import Pin, SoftI2C

    join("air")
    return connect(port), SoftI2C(scl=Pin(5), sda=Pin(4), freq=100000)


def turn(client, bus):
    """Measure and publish."""
    try:
        client.publish(TOPIC, b"%.2f" % lux(bus), False, 1)
    except OSError as e:
        print(e)


def main(port):
    client, bus = begin(port)
    while True:
        turn(client, bus)
        time.sleep(EVERY_S)
