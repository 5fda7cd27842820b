"""What the node finds at its start: why the board started, whether it should be careful, what there is to be read.

Needed once, and not kept (node.load).
"""

import os
import struct
from binascii import hexlify

import machine
import network
from micropython import const
from umqtt import simple

from node import KNOWN, load

_SAFE_AFTER = const(3)
_PATIENCE_S = const(30)  # a reading that takes longer hangs
_RARE_MS = const(10000)  # a driver that is called less often is not kept in between

_COMMON = const(("driver", "every_s", "topic", "topics", "name"))  # settings that are not the driver's
FILTERS = ("median", "scale", "offset", "delta")  # settings that node/filters.py is loaded for

# Bytes of resets.word(), and letters of its state.
_CRASHES = const(2)
_STATE = const(3)
_WHO = const(4)
_STOPPED = const(115)
_BEGUN = const(98)
_WATCHDOG = const(119)

# The copy in RTC memory: see outbox.py.
_RECORD = const("<Bfi")
_SIZE = const(9)
_HEAD = const("<BHi")
_HEAD_SIZE = const(7)
_DIGEST = const(4)
_AT = const(12)

# machine.reset_cause() on the ESP8266 is the SDK's rst_reason; 2 and 3 have no name in `machine`. 1 to 3 are crashes.
_CAUSES = const("power|hardware watchdog|exception|SDK watchdog|soft|deep sleep|button")
_DEADLY = const(3)


def begin(config, faults):
    """Return why the board started. Crashes before it are told as a fault.

    After three in a row, each within a minute, this is a safe start: there are no sensors, and the node only joins the
    network and says what is wrong.
    """
    why, crashed, crashes = look_back()
    if crashes >= _SAFE_AFTER:
        sentence = "safe start after %d crashes: %s" % (crashes, why)
        print(sentence)
        faults.begin("crash", sentence)
        config["sensors"] = []
    elif crashed:
        faults.begin("crash", why, "")  # over after a good minute
    if "update.back" in os.listdir():  # trial.py has left it
        with open("update.back") as f:
            faults.begin("crash", "an update went back: " + f.read(), "")
    return why


def look_back():
    """Return (why the board started, whether the last run ended in a crash, crashes in a row); then it is "stopped"."""
    resets = load("resets")
    head = resets.word()
    state = head[_STATE]
    crashed = state in b"wc"
    if state in b"wcr":
        why = "watchdog" if state == _WATCHDOG else "crash" if crashed else "restart"
        # A character at a time: a supply that sags leaves anything in RTC memory, and decode() would raise.
        why = "%s: %s" % (why, "".join([chr(c & 127) for c in head[_WHO:] if c]))
    else:
        cause = machine.reset_cause()
        why = _CAUSES.split("|")[cause]
        # A run that ended by itself did not die of a cause that is still there from before it.
        crashed = 0 < cause <= _DEADLY and state != _STOPPED
        if crashed and state == _BEGUN:
            head[_CRASHES] += 1
    if not crashed:
        head[_CRASHES] = 0
    head[_STATE] = _STOPPED
    resets.leave(head)
    return why, crashed, head[_CRASHES]


def client(config):
    """Return (umqtt's client for these settings, the MAC as 12 hex digits in bytes, the station interface)."""
    sta = network.WLAN(network.STA_IF)
    mac = hexlify(sta.config("mac"))
    mqtt = config["mqtt"]
    name = (config["client_id"] or "feather-" + mac[6:].decode()).encode()
    user = mqtt["user"]
    made = simple.MQTTClient(
        name, "", mqtt["port"], user and user.encode(), (mqtt["password"] or "").encode(), mqtt["keepalive_s"]
    )
    made.set_last_will(b"status/" + name, b"offline", True, 1)
    made.set_callback(print)  # subscribe() insists on one; nothing calls it
    return made, mac, sta


def options(config):
    """Return of the settings what the session keeps."""
    kept = {key: config[key] for key in ("ntp", "stats_s", "homeassistant", "sleep")}
    servers = config["mqtt"]["server"]
    kept["server"] = servers if isinstance(servers, list) else [servers]
    return kept


def restore(outbox, rtc):
    """Take in the readings that an earlier run left in RTC memory; not garbage, nor those for other topics."""
    copy = rtc.memory()
    at = _AT + _DIGEST + _HEAD_SIZE
    if len(copy) < at or copy[_AT : _AT + _DIGEST] != outbox.digest(copy):
        return
    count, held, made = struct.unpack_from(_HEAD, copy, _AT + _DIGEST)
    outbox.dropped = held - count
    for _ in range(count):
        channel, value, moment = struct.unpack_from(_RECORD, copy, at)
        if moment < KNOWN:
            moment -= made  # seconds before this start, give or take those between the last save() and the reset
        outbox.append(channel, value, moment)
        at += _SIZE


# In what follows `found` is a list of (sensor, its entry in the settings), and a channel is one quantity of one sensor,
# numbered in the order of that list.


def find(entries, i2c):
    """Return the sensors of the settings, as such a list."""
    from node import sensors

    return [(sensors.module(entry["driver"]).Sensor(i2c, entry), entry) for entry in entries]


def channels(found, name):
    """Return for each channel (topic, topic of late readings, format of the number, retained), the topics as bytes."""
    listed = []
    quantities = []
    for sensor, entry in found:
        for quantity, decimals in sensor.quantities:
            topic = entry["topics"].get(quantity, "sensors/%s/%s" % (name, quantity))
            # A second sensor of a quantity has a topic of its own, and by that its late readings are told apart.
            late = "late/%s/%s" % (name, topic if quantity in quantities else quantity)
            quantities.append(quantity)
            retained = getattr(sensor, "retain", False)
            listed.append((topic.encode(), late.encode(), "%%.%df" % decimals, retained))
    return listed


def rows(found, bus, session, faults):
    """Return the rows of the table (node/tasks.py) for the sensors."""
    from node import sensors

    steps = []
    sources = session.sources
    channel = 0
    for sensor, entry in found:
        every_ms = int(entry["every_s"] * 1000)
        kept = sensor if every_ms < _RARE_MS else None
        if hasattr(sensor, "watch"):  # it has news between its readings, and tells them by itself
            kept = sensor
            steps.append((entry["driver"], 0, sensor.watch, session.outbox, channel))
        if any(key in entry for key in FILTERS):
            from node.filters import Filtered

            kept = Filtered(sensor, entry, FILTERS)
        options = {key: entry[key] for key in entry if key not in _COMMON}
        sources.append(sensors.Source(entry["driver"], options, channel, _name(sensor, entry), every_ms, kept))
        channel += len(sensor.quantities)
    if session.settings["sleep"]["every_s"]:
        steps.append(("sleep", _PATIENCE_S, load("sleep").run, bus, session, faults))
    elif sources:
        steps.append(("sensors", _PATIENCE_S, sensors.run, sources, bus, session.outbox, faults))
    return steps


def _name(sensor, entry):
    name = entry["name"] or entry["driver"]
    if hasattr(sensor, "address"):
        name = "%s at 0x%02x" % (name, sensor.address)
    elif "pin" in entry:
        name = "%s on GPIO%d" % (name, entry["pin"])
    return name
