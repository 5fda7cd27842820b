"""Makes the file `entities`: what Home Assistant needs to know about each sensor, and about the node itself.

Runs in the start after a change of config.json or of the firmware: then there is heap for it. Later on
jobs/home_assistant.py needs only the file. Source: Home Assistant's documentation of MQTT discovery, with its
abbreviations, and its lists of device classes and their units.
"""

import json
import os
from binascii import hexlify, unhexlify

from micropython import const

from node import VERSION

# Lines: settings.digest(); each entity's line in the file `announced`; an empty line. Then, for each message to Home
# Assistant, a line with its topic and the size of its payload, and the payload; the device's lacks its last "}}".
_FILE = const("entities")

# What Home Assistant needs to know about a quantity, whichever sensor measures it: quantity | device class | unit.
_QUANTITIES = const("""\
lux|illuminance|lx
temperature|temperature|°C
humidity|humidity|%
pressure|atmospheric_pressure|hPa
voltage|voltage|V
contact|opening|
""")

# The entities of the node itself: platform, object (no _word() of a topic has such a "-"), topic, key in its payload,
# and the rest of the configuration.
_DIAGNOSTICS = const("""\
sensor|stats-rssi|stats|rssi|"name":"Signal","dev_cla":"signal_strength","unit_of_meas":"dBm","stat_cla":"measurement"
sensor|stats-free|stats|free|"name":"Free memory","dev_cla":"data_size","unit_of_meas":"B","stat_cla":"measurement"
sensor|stats-uptime_s|stats|uptime_s|"name":"Uptime","dev_cla":"duration","unit_of_meas":"s","stat_cla":"total_increasing"
binary_sensor|fault-code|fault|code|"name":"Fault","dev_cla":"problem"
""")


def make(config, found, name, mac):
    """Make the file, unless it is up to date; return True when it was made.

    Arguments: the settings, what start.sensors() has found, the client_id, the MAC as 12 hex digits in bytes. Raises
    OSError when there is no room for the file.
    """
    from node import settings

    digest = settings.digest()
    try:
        with open(_FILE) as f:
            if f.readline() == digest:
                return False
    except OSError:
        pass
    single = config["homeassistant"] == "single"
    with open(_FILE, "w") as f:
        f.write(digest)
        for platform, thing, _ in _entities(name, config, found):
            f.write(topic(name, platform, thing) if single else platform + " " + thing)
            f.write("\n")
        if not single:
            f.write(topic(name) + "\n")
        f.write("\n")
        origin = _origin(name, mac)
        if single:
            for platform, thing, body in _entities(name, config, found):
                body = origin + body + "}"
                f.write("%s %d\n" % (topic(name, platform, thing), len(body.encode())))
                f.write(body)
        else:
            f.write(
                "%s %d\n" % (topic(name), sum([len(part.encode()) for part in _device(origin, name, config, found)]))
            )
            for part in _device(origin, name, config, found):
                f.write(part)
    return True


def remove():
    """Remove the file, which make() could not complete."""
    if _FILE in os.listdir():
        os.remove(_FILE)


def _device(origin, name, config, found):
    """Yield the parts of the device's configuration, without its last two brackets."""
    yield origin + '"cmps":'
    comma = "{"
    for platform, thing, body in _entities(name, config, found):
        yield '%s"%s":{"p":"%s",' % (comma, thing, platform)
        yield body + "}"
        comma = ","


def _origin(name, mac):
    """Return the start of every configuration: the device, what announces it, its availability."""
    told = json.dumps(name)[1:-1]
    mac = hexlify(unhexlify(mac), b":").decode()
    return (
        '{"dev":{"ids":"%s","name":"%s","cns":[["mac","%s"]],"mf":"Adafruit","mdl":"Feather HUZZAH ESP8266","sw":"%s"},'
        '"o":{"name":"huzzah-node","sw":"%s"},"avty_t":"status/%s",' % (told, told, mac, VERSION, VERSION, told)
    )


def topic(name, platform=None, key=None):
    """Return the topic of an entity's configuration in the single form; without one, of the device's."""
    if key:
        return "homeassistant/%s/%s/%s/config" % (platform, _word(name), key)
    return "homeassistant/device/%s/config" % _word(name)


def _word(text):
    """Return `text` with letters and digits alone: "/" is "_", any other byte "-" and two hex digits.

    Home Assistant allows nothing else in these topics. Two different texts never become the same word.
    """
    word = b""
    data = text.encode()
    for i in range(len(data)):
        byte = data[i : i + 1]  # bytes, since the board keeps each new one-character str for ever
        word += byte if byte.isalpha() or byte.isdigit() else b"_" if byte == b"/" else b"-%02x" % data[i]
    return word.decode()


def _describe(quantity):
    """Return (device class, unit), each None where there is none. A quantity that is not in the table has neither."""
    for row in _QUANTITIES.split("\n"):
        if row.startswith(quantity + "|"):
            _, device_class, unit = row.split("|")
            return device_class, unit or None
    return None, None


def _entities(name, config, found):
    """Yield (platform, object, the rest of its configuration) of each entity.

    The object is the topic, or the quantity if the topic is the default. So the history goes on when one day another
    chip measures it, or the sensor moves in the list of sensors.
    """
    told = json.dumps(name)[1:-1]
    measured = [quantity for one in found for quantity, _ in one[2]]
    for _, entry, quantities, _ in found:
        for quantity, decimals in quantities:
            device_class, unit = _describe(quantity)
            thing = _word(entry["topics"].get(quantity, quantity))
            topic = entry["topics"].get(quantity) or "sensors/%s/%s" % (name, quantity)
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
    """Return the longest time, in s, between two messages of a quantity whose sensor works; None: no limit."""
    if sleep["every_s"]:
        return sleep["every_s"] * sleep["batch"]
    delta = entry.get("delta")
    if isinstance(delta, dict):
        delta = delta.get(name)
    if delta is None:
        return entry["every_s"]
    longest_s = entry.get("heartbeat_s")
    return longest_s and max(longest_s, entry["every_s"])
