"""Measures a client whose work comes in steps: main(Client, case, port, amount), the amount in seconds or publications.

Prints one line of JSON at the end of a case; "up" once connected. Cases:
rate    publications a second, one at a time, QoS 0 and QoS 1
hold    the longest step, in milliseconds, while publishing QoS 1 one at a time
dead    the longest step while trying to connect to a broker that never answers
silent  the longest step while publishing every 100 ms, once the relay in between has fallen silent
count   no result: `amount` publications with QoS 1
"""

import gc
import json
from time import sleep_ms, ticks_diff, ticks_ms, ticks_us

TOPIC = b"sensors/bench/lux"
PAYLOAD = b"250.01"
WARM = 20


def longest(steps, end=None):
    """Run the steps until ticks_ms() is `end` or a step raises; return the longest in microseconds."""
    worst = 0
    start = ticks_us()
    try:
        for _ in steps:
            worst = max(worst, ticks_diff(ticks_us(), start))
            if end is not None and ticks_diff(ticks_ms(), end) > 0:
                break
            start = ticks_us()
    except Exception as e:
        print("gave up:", repr(e))
        worst = max(worst, ticks_diff(ticks_us(), start))
    return worst


def rate(client, qos, seconds):
    for _ in range(WARM):
        longest(client.publish(TOPIC, PAYLOAD, qos))
    gc.collect()
    count = 0
    start = ticks_ms()
    while ticks_diff(ticks_ms(), start) < 1000 * seconds:
        longest(client.publish(TOPIC, PAYLOAD, qos))
        count += 1
    return 1000 * count / ticks_diff(ticks_ms(), start)


def hold(client, seconds):
    for _ in range(WARM):
        longest(client.publish(TOPIC, PAYLOAD, 1))
    gc.collect()
    worst = 0
    end = ticks_ms() + 1000 * seconds
    while ticks_diff(end, ticks_ms()) > 0:
        worst = max(worst, longest(client.publish(TOPIC, PAYLOAD, 1)))
    return worst / 1000


def silent(client, seconds):
    worst = 0
    end = ticks_ms() + 1000 * seconds
    while ticks_diff(end, ticks_ms()) > 0:
        worst = max(worst, longest(client.publish(TOPIC, PAYLOAD, 1), end))
        sleep_ms(100)
    return worst / 1000


def count(client, publications):
    for _ in range(publications):
        longest(client.publish(TOPIC, PAYLOAD, 1))
    sleep_ms(100)
    return 0


def main(factory, case, port, amount):
    client = factory(port)
    if case == "dead":
        result = longest(client.connect(), ticks_ms() + 1000 * amount) / 1000
    else:
        longest(client.connect())
        print("up")
        if case == "rate":
            result = [rate(client, qos, amount) for qos in (0, 1)]
        else:
            result = {"hold": hold, "silent": silent, "count": count}[case](client, amount)
    print(json.dumps(result))
