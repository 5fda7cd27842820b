"""What the node finds at its start: why the board started, its settings, and whether it should be careful.

Needed once, like schema.py and settings.py: begin() drops all three from sys.modules, main.py then from memory.
"""

import asyncio
import sys

import machine
from micropython import const

import node
from node import resets
from node.faults import CONFIG, CRASH, Faults
from node.tasks import LAST_RUN

_SAFE_AFTER = const(3)
_PATIENCE_S = const(30)  # a reading that takes longer hangs

FILTERS = ("median", "scale", "offset", "delta")  # settings that node/filters.py is loaded for

# Bytes of resets.read().
_CRASHES = const(2)
_STATE = const(3)
_WHO = const(4)

# machine.reset_cause() on the ESP8266 is the SDK's rst_reason; 2 and 3 have no name in `machine`. 1 to 3 are crashes.
_CAUSES = "power|hardware watchdog|exception|SDK watchdog|soft|deep sleep|button"
_DEADLY = const(3)


def begin():
    """Return (settings, faults, why the board started).

    A config.json that is wrong is told on the REPL and as a fault; what is right in it is used (`settings.Invalid`).
    After three crashes in a row, each within a minute, this is a safe start. In both cases there are no sensors: the
    node only joins the network and says what is wrong.
    """
    from node import settings

    why, crashed, crashes = look_back()
    faults = Faults()
    try:
        config = settings.load()
    except settings.Invalid as e:
        print(e)
        faults.begin(CONFIG, str(e))
        config = e.config
    if crashes >= _SAFE_AFTER:
        sentence = "safe start after %d crashes: %s" % (crashes, why)
        print(sentence)
        faults.begin(CRASH, sentence)
        config["sensors"] = []
    elif crashed:
        faults.begin(CRASH, why, LAST_RUN)
    for name in ("schema", "settings", "start"):
        del sys.modules["node." + name]
    del node.schema, node.settings, node.start
    return config, faults, why


def look_back():
    """Return (why the board started, whether the last run ended in a crash, crashes in a row); then it is STOPPED."""
    head = resets.read()
    state = head[_STATE]
    crashed = state == resets.WATCHDOG or state == resets.CRASH
    if crashed or state == resets.RESTART:
        why = "restart" if not crashed else "crash" if state == resets.CRASH else "watchdog"
        # A character at a time: a supply that sags leaves anything in RTC memory, and decode() would raise.
        why += ": " + "".join([chr(c & 127) for c in head[_WHO:] if c])
    else:
        cause = machine.reset_cause()
        why = _CAUSES.split("|")[cause]
        # A run that ended by itself did not die of a cause that is still there from before it.
        crashed = 0 < cause <= _DEADLY and state != resets.STOPPED
        if crashed and state == resets.STARTED:
            head[_CRASHES] += 1
    if not crashed:
        head[_CRASHES] = 0
    head[_STATE] = resets.STOPPED
    resets.write(head)
    return why, crashed, head[_CRASHES]


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


def samplers(found, bus, outbox, faults):
    """Return a row of the table (node/tasks.py) for each sensor."""
    from node import sampler

    rows = []
    channel = 0
    for sensor, entry in found:
        read = sensor.read
        if any(key in entry for key in FILTERS):
            from node.filters import Filtered

            read = Filtered(sensor, entry, FILTERS).read
        wait_ms = getattr(sensor, "wait_ms", asyncio.sleep_ms)  # a sensor may have news before its time
        row = entry["driver"], entry["every_s"] + _PATIENCE_S, sampler.run, read, wait_ms, int(entry["every_s"] * 1000)
        rows.append(row + (_name(sensor, entry), channel, bus, outbox, faults))
        channel += len(sensor.quantities)
    return rows


def _name(sensor, entry):
    name = entry["name"] or entry["driver"]
    if hasattr(sensor, "address"):
        name += " at 0x%02x" % sensor.address
    elif "pin" in entry:
        name += " on GPIO%d" % entry["pin"]
    return name
