"""What main.py needs at the start only: why the board started, and the sensors and topics of its settings."""

import os
import sys
from binascii import hexlify

import network
from micropython import const

from node.sensors import Source, make

_SAFE_AFTER = const(3)
# A driver that reads less often is dropped between two readings. Without ROMFS each one is: its code is in the heap.
_RARE_MS = const(10000)

_COMMON = const(("driver", "every_s", "topic", "topics", "name"))  # settings that are not the driver's


def begin(config, faults):
    """Return (why the board started, how many rows of the table in main.py it may run). Begins a fault for a crash.

    After three crashes in a row, each within a minute, this is a safe start: the node has no sensors, joins the network
    and says what is wrong. If `wifi` in the settings is None, it joins no network, and only two rows run.
    """
    from node import last_run

    why, crashed, crashes = last_run.look_back()
    rows = None
    if crashes >= _SAFE_AFTER:
        faults.begin("crash", "safe start after %d crashes: %s" % (crashes, why))
        config["sensors"] = []
        config["homeassistant"] = None  # what is announced stays
        rows = 4
    elif crashed:
        faults.begin("crash", why, "")  # ends after a good minute
    if "slot.why" in os.listdir():  # update/trial.py has left it
        with open("slot.why") as f:
            faults.begin("crash", "an update went back: " + f.read(), "")
    return why, rows if config["wifi"] else 2


def identify(config):
    """Return (the station interface, client_id as bytes, the MAC as 12 hex digits in bytes)."""
    sta = network.WLAN(network.STA_IF)
    mac = hexlify(sta.config("mac"))
    return sta, (config["client_id"] or "feather-" + mac[6:].decode()).encode(), mac


def settings(config):
    """Return the settings that the session keeps."""
    found = {key: config[key] for key in ("ntp", "stats_s", "homeassistant", "sleep")}
    servers = config["mqtt"]["server"]
    found["server"] = servers if isinstance(servers, list) else [servers]
    return found


def parts(config, found, client_id, mac, faults):
    """Return (channels, sources, settings of the session, the coroutine function that reads): see below."""
    if config["homeassistant"]:
        from node.jobs import entities

        why = None
        try:
            made = entities.make(config, found, client_id.decode(), mac)
            if made and "/rom" not in sys.path:  # the names in entities.py stay in the heap until a reset
                from node import last_run

                last_run.reset("restart", "entities")
        except OSError:
            why = "no room in the file system"
        except MemoryError:
            why = "too little memory"
        if why:
            entities.remove()
            config["homeassistant"] = None
            faults.begin("publish", why + " to announce the sensors to Home Assistant", "announce")
    return channels(found, client_id), [one[0] for one in found], settings(config), read(config)


def read(config):
    """Return the coroutine function that reads the sensors: for ever or, on a battery, once."""
    if config["sleep"]["every_s"]:
        from node.deep_sleep import run
    else:
        from node.sensors import run
    return run


# In what follows `found` is a list of (Source, its entry in the settings, its quantities, whether its readings are
# retained), and a channel is one quantity of one sensor, numbered in the order of that list.


def sensors(entries, bus):
    """Return `found` for `sensors` of the settings: {"driver": "tsl2561"} is the class Sensor of that module."""
    found = []
    channel = 0
    for entry in entries:
        # One driver at a time is in the heap, besides those that stay.
        found.append(describe(make(entry["driver"], bus, entry), entry, channel))
        channel += len(found[-1][2])
    return found


def describe(sensor, entry, channel):
    """Return the element of `found` for a sensor whose first channel is `channel`."""
    every_ms = int(entry["every_s"] * 1000)
    options = {key: entry[key] for key in entry if key not in _COMMON}
    if any([key in entry for key in ("median", "scale", "offset", "delta")]):  # for node/filters.py
        options["history"] = [[[], None, 0] for _ in sensor.quantities]
    stays = every_ms < (_RARE_MS if "/rom" in sys.path else 0) or hasattr(sensor, "watch")
    name = entry["name"] or entry["driver"]
    if hasattr(sensor, "address"):
        name = "%s at 0x%02x" % (name, sensor.address)
    elif "pin" in entry:
        name = "%s on GPIO%d" % (name, entry["pin"])
    source = Source(entry["driver"], options, channel, name, every_ms, sensor if stays else None)
    return source, entry, sensor.quantities, getattr(sensor, "retain", False)


def channels(found, client_id):
    """Return for each channel (topic, topic of late readings, format of the number, retained), the topics as bytes."""
    name = client_id.decode()
    listed = []
    quantities = []
    for _, entry, measured, retained in found:
        for quantity, decimals in measured:
            topic = entry["topics"].get(quantity, "sensors/%s/%s" % (name, quantity))
            # A second sensor of a quantity has a topic of its own, which keeps its late readings apart.
            late = "late/" + name + "/" + (topic if quantity in quantities else quantity)
            quantities.append(quantity)
            listed.append((topic.encode(), late.encode(), "%%.%df" % decimals, retained))
    return listed
