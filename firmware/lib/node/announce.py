"""Announces the node to Home Assistant (MQTT discovery), or takes the announcement back. A job of the session.

What was announced is remembered in a file, so that a sensor that leaves the configuration leaves Home Assistant too.
Everything is made piece by piece, twice: once for its length. Source: Home Assistant's documentation of MQTT discovery,
with its abbreviations.
"""

import asyncio
import json

from micropython import const

from node import VERSION, load, sensors

_FILE = const("announced")  # lines: topics, and "platform object" of what the one for the device has in it
_PUBACK = const(0x400000)
_ROOM = const(400)  # bytes that may wait to be sent: few segments, for Nagle keeps each until the last has arrived
_STEP_MS = const(5)

# What the node says of itself: platform, object, topic, and the rest of the entity.
_DIAGNOSTICS = const("""\
sensor|rssi|stats|"name":"Signal","dev_cla":"signal_strength","unit_of_meas":"dBm","stat_cla":"measurement"
sensor|free|stats|"name":"Free memory","dev_cla":"data_size","unit_of_meas":"B","stat_cla":"measurement"
sensor|uptime_s|stats|"name":"Uptime","dev_cla":"duration","unit_of_meas":"s","stat_cla":"total_increasing"
binary_sensor|code|fault|"name":"Fault","dev_cla":"problem"
""")


async def run(session):
    """Publish the configuration of every entity, and an empty one for those that are gone. Raises OSError."""
    config = load("start").checked()
    if not config:
        return  # there is no room for a file either
    form = config["homeassistant"]
    name = session.client.client_id.decode()
    before = _remembered()
    now = []
    if form:
        for platform, thing, body in _entities(name, config):
            if form == "single":
                now.append("homeassistant/%s/%s/%s/config" % (platform, name, thing))
                await _publish(session, now[-1], _single, name, session.mac, body)
            else:
                now.append("%s %s" % (platform, thing))
            await asyncio.sleep_ms(0)
        if form is True:
            gone = [line.split(" ") for line in before if " " in line and line not in now]
            now.append("homeassistant/device/%s/config" % name)
            await _publish(session, now[-1], _device, name, session.mac, config, gone)
    for line in before:
        if " " not in line and line not in now:
            await session.publish(line.encode(), b"", 1, True)
    if now != before:
        with open(_FILE, "w") as f:
            f.write("\n".join(now))


def _remembered():
    try:
        with open(_FILE) as f:
            text = f.read()
    except OSError:
        return []
    return text.split("\n") if text else []


def _origin(name, mac):
    mac = mac.decode()
    mac = ":".join([mac[i : i + 2] for i in range(0, 12, 2)])
    return (
        '"dev":{"ids":"%s","name":"%s","cns":[["mac","%s"]],"mf":"Adafruit","mdl":"Feather HUZZAH ESP8266","sw":"%s"},'
        '"o":{"name":"huzzah-node","sw":"%s"},"avty_t":"status/%s"' % (name, name, mac, VERSION, VERSION, name)
    )


def _single(name, mac, text):
    yield "{"
    yield _origin(name, mac)
    yield ","
    yield text
    yield "}"


def _device(name, mac, config, gone):
    """Yield the pieces of the device's configuration; an entity with nothing but its platform is one that is gone."""
    yield "{"
    yield _origin(name, mac)
    yield ',"cmps":{'
    comma = ""
    for platform, thing, body in _entities(name, config):
        yield '%s"%s":{"p":"%s",' % (comma, thing, platform)
        yield body
        yield "}"
        comma = ","
    for platform, thing in gone:
        yield '%s"%s":{"p":"%s"}' % (comma, thing, platform)
        comma = ","
    yield "}}"


def _entities(name, config):
    """Yield (platform, object, the rest of its configuration) of each entity."""
    quantities = load("quantities")
    things = []
    for entry in config["sensors"]:
        every_s = max(entry["every_s"], entry.get("heartbeat_s", 0))
        if config["sleep"]["every_s"]:
            every_s = config["sleep"]["every_s"] * config["sleep"]["batch"]
        for quantity, decimals in sensors.module(entry["driver"]).Sensor.quantities:
            thing = quantity
            while thing in things:
                thing += "_"
            things.append(thing)
            topic = entry["topics"].get(quantity, "sensors/%s/%s" % (name, quantity))
            device_class, unit = quantities.describe(quantity)
            body = '"uniq_id":"%s_%s","stat_t":%s,"exp_aft":%d' % (name, thing, json.dumps(topic), every_s * 5 // 2 + 1)
            if device_class:
                body += ',"dev_cla":"%s"' % device_class
            if entry["name"] or not device_class:
                body += ',"name":%s' % json.dumps("%s %s" % (entry["name"] or entry["driver"], quantity))
            if quantity == "contact":
                yield "binary_sensor", thing, body + ',"pl_on":"0","pl_off":"1"'  # on is open
            else:
                body += ',"sug_dsp_prc":%d,"stat_cla":"measurement"' % decimals
                yield "sensor", thing, body + (',"unit_of_meas":"%s"' % unit if unit else "")
    for row in _DIAGNOSTICS.split("\n"):
        if row and (config["stats_s"] or "|fault|" in row):
            platform, thing, topic, body = row.split("|")
            value = "value_json." + thing
            if topic == "fault":
                value = "'ON' if %s else 'OFF'" % value
            start = '"uniq_id":"%s_%s","ent_cat":"diagnostic","stat_t":"%s/%s","val_tpl":"{{%s}}",'
            yield platform, thing, start % (name, thing, topic, name, value) + body


async def _publish(session, topic, function, *args):
    """Publish, retained and with QoS 1, what the generator function(*args) yields as text. Raises OSError."""
    client = session.client
    size = 4 + len(topic)
    for piece in function(*args):
        size += len(piece.encode())
    pid = client.pid % 0xFFFF + 1
    head = bytearray(b"\x33")  # PUBLISH, QoS 1, retained (3.3.1)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    session.write(head + bytes((len(topic) >> 8, len(topic) & 0xFF)) + topic.encode() + bytes((pid >> 8, pid & 0xFF)))
    for piece in function(*args):
        piece = piece.encode()
        for i in range(0, len(piece), _ROOM):
            await session.request(0, session.write, piece[i : i + _ROOM])  # out before the next one is made

    def count():
        client.pid = pid

    await session.request(_PUBACK, count)
