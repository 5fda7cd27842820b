"""Announces the node to Home Assistant (MQTT discovery), or takes the announcement back. A job of the session.

What was announced is remembered in a file, so that a sensor that leaves the configuration leaves Home Assistant too.
Everything is made piece by piece, twice: once for its length. Its names are, where that can be, those of other modules:
a name stays in the heap for ever. Source: Home Assistant's documentation of MQTT discovery, with its abbreviations.
"""

import asyncio
import json
import os

from micropython import const

from node import VERSION, drop, sensors, with_room

_FILE = const("announced")  # lines: topics, and "platform object" of what the one for the device has in it
_PUBACK = const(0x400000)
_ROOM = const(400)  # bytes that may wait to be sent: few segments, for Nagle keeps each until the last has arrived
_STEP_MS = const(5)
_PATIENCE = const(1000)  # times that
_REST_MS = const(500)  # for Home Assistant, to remove entities

# What the node says of itself: platform, object (no _word() of a topic has such a "-"), topic, key there, and the rest
# of the entity.
_DIAGNOSTICS = const("""\
sensor|stats-rssi|stats|rssi|"name":"Signal","dev_cla":"signal_strength","unit_of_meas":"dBm","stat_cla":"measurement"
sensor|stats-free|stats|free|"name":"Free memory","dev_cla":"data_size","unit_of_meas":"B","stat_cla":"measurement"
sensor|stats-uptime_s|stats|uptime_s|"name":"Uptime","dev_cla":"duration","unit_of_meas":"s","stat_cla":"total_increasing"
binary_sensor|fault-code|fault|code|"name":"Fault","dev_cla":"problem"
""")


async def run(session):
    """Announce, or take back what was announced. Raises OSError.

    With no room for it in the heap or the file system there is fault 5, and the node goes on without: it would find no
    room at the next connection either.
    """
    if not session.can_announce:
        return
    try:
        await announce(session)
    except MemoryError:
        _give_up(session, "too little memory")
        session.close("no memory")  # in the middle of a packet, perhaps
        raise OSError
    except OSError:
        if not session.sock:
            raise
        _give_up(session, "no room in the file system")


def _give_up(session, why):
    session.can_announce = False
    session.faults.begin("publish", why + " to announce the sensors to Home Assistant", "announce")


async def announce(session):
    """Publish the configuration of every entity, and an empty one for those that are gone. Raises OSError."""
    config = await with_room(_settings)
    if not config:
        raise OSError  # there was no room for that file either
    form = config["homeassistant"]
    name = session.client.client_id.decode()
    gone = _get()
    # First what was, with what will be: nothing is forgotten when the power goes in between.
    file = None
    try:
        for line in rows(name, config):
            if line in gone:
                gone.remove(line)
            else:
                file = file or open(_FILE, "a")
                file.write(line + "\n")
            await asyncio.sleep_ms(0)
    finally:
        if file:
            file.close()
    # An entity must be gone before another form brings it back: two with one unique_id, and the second is refused.
    rest_ms = 0
    for line in gone:
        if " " not in line:
            await session.publish(line.encode(), b"", 1, True)
            rest_ms = _REST_MS
    await asyncio.sleep_ms(rest_ms)
    if form is True:
        parts = [line.split(" ") for line in gone if " " in line]
        await _publish(session, topic(name), _device, name, session.announced[1], config, parts)
    elif form:
        for platform, thing, body in _entities(name, config):
            await _publish(session, topic(name, platform, thing), _single, name, session.announced[1], body)
    if gone and form:
        _put(rows(name, config))
    elif gone:
        os.remove(_FILE)


def rows(name, config):
    """Yield what is to be remembered of an announcement by these settings."""
    form = config["homeassistant"]
    if form:
        for platform, thing, _ in _entities(name, config):
            yield topic(name, platform, thing) if form == "single" else " ".join((platform, thing))
    if form is True:
        yield topic(name)


def topic(name, platform=None, key=None):
    """Return the topic of an entity's configuration in the single form; without one, of the device's."""
    if key:
        return "homeassistant/%s/%s/%s/config" % (platform, _word(name), key)
    return "homeassistant/device/%s/config" % _word(name)


def _settings():
    """Return the checked settings, each sensor with what it `measures`: quantity, decimals, device class, unit."""
    from node import settings

    config = settings.read()
    if config:
        config = {key: config[key] for key in ("homeassistant", "sensors", "sleep", "stats_s")}
        del settings
        drop()  # what is needed no more, before the drivers come
        from node.jobs.device_classes import describe

        for entry in config["sensors"]:
            quantities = sensors.module(entry["driver"]).Sensor.quantities
            entry["measures"] = [measure + describe(measure[0]) for measure in quantities]
    return config


def _get():
    """Return what is remembered of the last announcement: its rows()."""
    try:
        with open(_FILE) as f:
            return [row.rstrip() for row in f]
    except OSError:
        return []


def _put(rows):
    """Remember that these are announced."""
    with open(_FILE, "w") as f:
        for row in rows:  # not in one piece, which may find no room
            f.write(row + "\n")


def _word(text):
    """Return `text` with letters and digits alone: "/" is "_", any other byte "-" and two hex digits.

    Of Home Assistant's topics nothing else may be part, and no two texts become one.
    """
    word = b""
    data = text.encode()
    for i in range(len(data)):
        byte = data[i : i + 1]  # not a character: of each that is new the board keeps a name for ever
        word += byte if byte.isalpha() or byte.isdigit() else b"_" if byte == b"/" else b"-%02x" % data[i]
    return word.decode()


def _origin(name, mac):
    """Return the start of every configuration: the device, what announces it, its availability."""
    mac = mac.decode()
    mac = ":".join([mac[i : i + 2] for i in range(0, 12, 2)])
    told = json.dumps(name)[1:-1]
    return (
        '{"dev":{"ids":"%s","name":"%s","cns":[["mac","%s"]],"mf":"Adafruit","mdl":"Feather HUZZAH ESP8266","sw":"%s"},'
        '"o":{"name":"huzzah-node","sw":"%s"},"avty_t":"status/%s",' % (told, told, mac, VERSION, VERSION, told)
    )


def _single(name, mac, text):
    """Yield the pieces of one entity's configuration in the single form."""
    yield _origin(name, mac)
    yield text
    yield "}"


def _device(name, mac, config, found):
    """Yield the pieces of the device's configuration; an entity with nothing but its platform is one that is gone."""
    yield _origin(name, mac)
    yield '"cmps":{'
    comma = ""
    for platform, thing, body in _entities(name, config):
        yield '%s"%s":{"p":"%s",' % (comma, thing, platform)
        yield body
        yield "}"
        comma = ","
    for platform, thing in found:
        yield '%s"%s":{"p":"%s"}' % (comma, thing, platform)
        comma = ","
    yield "}}"


def _entities(name, config):
    """Yield (platform, object, the rest of its configuration) of each entity.

    The object is the topic, or the quantity where that is the default: what is read there may come from another chip
    one day, or from another place in the list of sensors, and its history goes on.
    """
    told = json.dumps(name)[1:-1]
    measured = [measure[0] for entry in config["sensors"] for measure in entry["measures"]]
    for entry in config["sensors"]:
        for quantity, decimals, device_class, unit in entry["measures"]:
            topic = entry["topics"].get(quantity, quantity)
            thing = _word(topic)
            if topic == quantity:
                topic = "sensors/%s/%s" % (name, quantity)
            body = '"uniq_id":"%s_%s","stat_t":%s' % (told, thing, json.dumps(topic))
            silence_s = _pause(config["sleep"], entry, quantity)
            if silence_s:
                body += ',"exp_aft":%d' % (silence_s * 5 // 2 + 1)
            if device_class:
                body += ',"dev_cla":"%s"' % device_class
            if entry["name"] or not device_class or measured.count(quantity) > 1:
                called = " ".join((entry["name"] or entry["driver"], quantity))
                body = '%s,"name":%s' % (body, json.dumps(called))
            if quantity == "contact":
                yield "binary_sensor", thing, body + ',"pl_on":"0","pl_off":"1"'  # on is open
            else:
                body += ',"sug_dsp_prc":%d,"stat_cla":"measurement"' % decimals
                yield "sensor", thing, body + (',"unit_of_meas":"%s"' % unit if unit else "")
    for row in _DIAGNOSTICS.split("\n"):
        if row and (config["stats_s"] or row.startswith("binary_sensor|fault")):
            platform, thing, topic, value, body = row.split("|")
            value = "value_json." + value
            if topic == "fault":
                value = "'ON' if %s else 'OFF'" % value
            start = '"uniq_id":"%s_%s","ent_cat":"diagnostic","stat_t":"%s/%s","val_tpl":"{{%s}}",'
            yield platform, thing, start % (told, thing, topic, told, value) + body


def _pause(sleep, entry, name):
    """Return the seconds that may lie between two messages of a quantity that is well; None: any number."""
    if sleep["every_s"]:
        return sleep["every_s"] * sleep["batch"]
    delta = entry.get("delta")
    if isinstance(delta, dict):
        delta = delta.get(name)
    if delta is None:
        return entry["every_s"]
    heartbeat_s = entry.get("heartbeat_s")
    return heartbeat_s and max(heartbeat_s, entry["every_s"])


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
    await _out(session, head + bytes((len(topic) >> 8, len(topic) & 0xFF)) + topic.encode())
    await _out(session, bytes((pid >> 8, pid & 0xFF)))
    for piece in function(*args):
        piece = piece.encode()
        for i in range(0, len(piece), _ROOM):
            await _out(session, piece[i : i + _ROOM])

    def count():
        client.pid = pid

    await session.request(_PUBACK, count)


async def _out(session, data):
    """Send a part of a packet. Raises OSError.

    Not by session.exchange(): it takes in what the broker sends, and would acknowledge it in the middle of ours.
    """
    session.write(data)
    for _ in range(_PATIENCE):
        await asyncio.sleep_ms(0)
        try:
            if session.flush():
                return
        except OSError as e:
            session.close(str(e))
            raise
        await asyncio.sleep_ms(_STEP_MS)
    session.close("no answer", "publish")
    raise OSError
