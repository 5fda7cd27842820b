"""The check that config.json agrees with schema.txt, which has every setting.

A line of schema.txt is: key | type | default | allowed | unit | meaning. The default is JSON; where it is empty the key
must be given, and where it is - the key is simply absent. A type that ends in ? also takes null. A driver describes
options of its own in lines of the same form, its `OPTIONS`; so a new sensor needs no line here. Lines that begin with
types. say in words what a type allows. Pins: a RunApp switch held low must not change how the ROM starts (GPIO0, GPIO2,
GPIO15), and GPIO16 has neither a pull-up nor an open drain, so it can only be the LED.

Runs on CPython too, so that the board and the host give the same messages.
"""

import json
import os
import sys

_HOST_BYTES = 64
_LINE = 128  # characters of a line of schema.txt that are read: all but a part of the meaning
_DRIVER = "driver", "driver", "", "", ""  # the row in schema.txt of the key that decides which options there are

# Types that are, or may be, an object with a value of this type for each quantity.
_BY_QUANTITY = {"topics": "topic", "numbers": "number"}


class Invalid(ValueError):
    """config.json cannot be used as it is; str() is one sentence that names the key and what is allowed.

    `config` has the settings that can be used nevertheless: a wrong one has its default, `sensors` is empty, and `wifi`
    is None unless client_id, wifi and mqtt are right.
    """


class NoRoom(Invalid):
    """The settings are right, but do not fit in the memory."""


class Drivers:
    """The drivers on this board."""

    def image(self):
        """Return which of the three images the board has; they differ in their free heap."""
        return "romfs" if "/rom" in sys.path else "plain" if sys.implementation.version > (1, 20) else "small"

    def names(self):
        found = set()
        for folder in sys.path:  # drivers may be in the ROMFS, in /lib, and in / (those of the user)
            try:
                found.update([n.split(".")[0] for n in os.listdir(folder + "/node/sensors") if not n.startswith("_")])
            except OSError:
                pass
        return sorted(found)

    def options(self, driver):
        """Return the rows of the options that a driver takes beside those that all have."""
        from node import sensors

        return getattr(sensors.module(driver), "OPTIONS", "")

    def quantities(self, driver):
        """Return the names of what a driver measures."""
        from node import sensors

        return [quantity[0] for quantity in sensors.module(driver).Sensor.quantities]


def each(under="", more=""):
    """Yield the lines of the object `under` ("wifi.", "sensors[]."), each as a list of its columns, key first.

    Then the lines of the text `more`. One at a time: all together take 8 kB of heap. The meaning is cut: a fragmented
    heap may have no room for 300 bytes in a row. One function: the stack is short.
    """
    with open(_file()) as lines:
        while True:
            line = rest = lines.readline(_LINE)
            if not line:
                break
            while len(rest) == _LINE and rest[-1] != "\n":
                rest = lines.readline(_LINE)
            if line.startswith(under):
                columns = line[len(under) :].rstrip("\n").split("|")
                if "." not in columns[0]:
                    yield columns
    for line in more.split("\n"):
        if line:
            yield line.split("|")


def _file():
    """Return where schema.txt is: the board has no __file__. Raises ImportError when it is missing."""
    for folder in sys.path:
        try:
            os.stat(folder + "/node/schema.txt")
            return folder + "/node/schema.txt"
        except OSError:
            pass
    raise ImportError("node/schema.txt")


def complete(given, drivers):
    """Return the dict `given` with the defaults filled in. Raises Invalid, with what can be used in its `config`."""
    global _may_be
    from node.text import may_be as _may_be

    config, problem = {}, None
    for row in each():
        name = row[0]
        try:
            config[name] = value = _value(row, "", name, given, drivers)
            if name == "mqtt" and value["password"] and not value["user"]:
                raise Invalid("mqtt.user must be given with mqtt.password")  # MQTT 3.1.1, 3.1.2.9
        except Invalid as e:
            config[name] = _value(row, "", name, {}, drivers)
            problem = problem or (name, e)
    try:
        _no_strangers(given, each(), "")
        _no_clash(config, drivers)
        from node import heap

        need = heap.missing(config, drivers)
        if need > 0:
            raise NoRoom(
                "sensors and outbox need about %d bytes more than the memory has: take some of them away" % need
            )
    except Invalid as e:
        problem = problem or ("", e)
    if problem:
        name, e = problem
        config["sensors"] = []
        # These three come first in the table, so a problem elsewhere means that they are right.
        if name in ("client_id", "wifi", "mqtt"):
            config["wifi"] = None
        e.config = config
        raise e
    return config


def wanted(kind, allowed, unit):
    """Say in words what a row allows: "a whole number from 1 to 65535"."""
    if ".." in allowed:
        low, high = allowed.split("..")
        span = ((low if low == high else low + " to " + high) + " " + unit).rstrip()
    else:
        span = allowed.replace(",", ", ")
    for name, words in each("types."):
        if name == kind.rstrip("?"):
            return words.replace("%s", span) + (" or null" if kind.endswith("?") else "")


def _value(row, under, shown, given, drivers):
    """Return what the dict `given` has for `row`, checked, or its default; `shown` is the key in messages."""
    name, kind, default, allowed, unit = row[:5]
    if name in given:
        value = given[name]
    elif default:
        value = json.loads(default)
    else:
        raise Invalid("%s must be given" % shown)
    if kind == "driver":
        allowed = ",".join(drivers.names())
    if not _is_good(value, kind, allowed):
        raise Invalid("%s must be %s" % (shown, wanted(kind, allowed, unit)))
    path = under + name
    if kind == "object":
        return _object(value, path + ".", "", shown, drivers)
    if kind == "list":
        make = _sensor if name == "sensors" else _object
        listed = []
        for i, v in enumerate(value):  # not a comprehension: that is one call deeper
            listed.append(make(v, path + "[].", "", "%s[%d]" % (shown, i), drivers))
        return listed
    if kind in _BY_QUANTITY and isinstance(value, dict):
        kind = _BY_QUANTITY[kind]
        for key in value:
            if not _is_good(value[key], kind, allowed):
                raise Invalid("%s.%s must be %s" % (shown, key, wanted(kind, allowed, unit)))
    return value


def _object(given, under, more, shown, drivers):
    """Return the object, checked by the lines of `under`, and by `more` lines."""
    if not isinstance(given, dict):
        raise Invalid("%s must be %s" % (shown, wanted("object", "", "")))
    _no_strangers(given, each(under, more), shown + ".")
    found = {}
    for row in each(under, more):
        if row[2] != "-" or row[0] in given:
            found[row[0]] = _value(row, under, "%s.%s" % (shown, row[0]), given, drivers)
    return found


def _sensor(given, under, more, shown, drivers):
    """Return one entry of `sensors`: the common keys, the driver's own, and in `topics` all but the default ones."""
    if isinstance(given, dict):
        driver = _value(_DRIVER, under, shown + ".driver", given, drivers)
        more = drivers.options(driver)
    entry = _object(given, under, more, shown, drivers)
    quantities = drivers.quantities(driver)
    for name in ("topics", "median", "scale", "offset", "delta"):
        value = entry.get(name)
        if value and name != "topics" and "contact" in quantities:  # its changes come at once, past every filter
            raise Invalid("%s.%s is not for a contact" % (shown, name))
        for key in value if isinstance(value, dict) else ():
            if key not in quantities:
                told = shown, name, key, driver, ", ".join(quantities)
                raise Invalid("%s.%s.%s is not a quantity: %s has %s" % told)
    if entry["topic"]:
        if entry["topics"]:
            raise Invalid("%s has topic and topics: give one of them" % shown)
        several = len(quantities) > 1
        entry["topics"] = {q: entry["topic"] + "/" + q if several else entry["topic"] for q in quantities}
    return entry


def _no_strangers(given, rows, shown):
    names = [row[0] for row in rows]
    for key in given:
        if key not in names:
            raise Invalid("%s%s is not a setting: there are %s" % (shown, key, ", ".join(names)))


def _no_clash(config, drivers):
    """Raise Invalid for settings that are right by themselves but not together."""
    if config["sleep"]["every_s"] and config["pins"]["led"] == 16:
        raise Invalid("pins.led is 16, which sleep.every_s needs: wired to RST")
    _differ([("wifi.ssid", config["wifi"]["ssid"])], config["wifi"]["others"], "wifi.others[%d].ssid", "ssid")
    _differ([], config["sensors"], "sensors[%d].address", "address")
    _differ([], config["sensors"], "sensors[%d].rom", "rom")
    wires = [("pins." + role, config["pins"][role], None) for role in ("led", "run_app", "scl", "sda")]
    for i, entry in enumerate(config["sensors"]):
        if "pin" in entry:
            wires.append(("sensors[%d].pin" % i, entry["pin"], entry.get("rom")))
    for i, (name, gpio, rom) in enumerate(wires):
        for other, other_gpio, other_rom in wires[:i]:
            # 1-Wire sensors may share a GPIO, if each has its rom.
            if gpio == other_gpio and not (rom and other_rom):
                raise Invalid("%s and %s are both %d: each needs a GPIO of its own" % (other, name, gpio))
    seen = {}
    for i, entry in enumerate(config["sensors"]):
        for quantity in drivers.quantities(entry["driver"]):
            default = "sensors/%s/%s" % (config["client_id"], quantity)
            topic = entry["topics"].get(quantity, default)
            if topic in seen:
                raise Invalid("sensors[%d].topic must be given: sensors[%d] has the same topic" % (i, seen[topic]))
            seen[topic] = i


def _differ(seen, entries, shown, key):
    """Raise Invalid when two of `entries`, or one of them and one of `seen`, have the same value under `key`."""
    for i, entry in enumerate(entries):
        value = entry.get(key)
        if key == "rom" and value:
            value = value.lower()
        name = shown % i
        for other, known in seen:
            if value and value == known:
                raise Invalid("%s and %s are the same: each is given once" % (other, name))
        seen.append((name, value))


def _is_server(value):
    host, *port = value.split(":") if type(value) is str else [value]
    if not _may_be(host, "host", 1, _HOST_BYTES):
        return False
    return not port or len(port) == 1 and all(c in "0123456789" for c in port[0]) and 0 < int(port[0] or 0) < 65536


def _is_good(value, kind, allowed):
    """Say whether `value` is of the type; what is inside an object or a list of objects is not checked here."""
    if kind.endswith("?"):
        if value is None:
            return True
        kind = kind[:-1]
    if kind == "numbers":
        kind = "object" if isinstance(value, dict) else "number"
    if kind == "object" or kind == "topics":
        return isinstance(value, dict)
    if kind == "discovery":
        return type(value) is bool or value == "single"
    if kind == "driver":
        return type(value) is str and value in allowed.split(",")
    if kind == "one":
        return type(value) is int and str(value) in allowed.split(",")
    low, high = allowed.split("..")
    low, high = float(low) if "." in low else int(low), int(high)
    if kind == "int" or kind == "number":
        # Not isinstance: true would pass for 1. NaN fails the comparison.
        return (type(value) is int or kind == "number" and type(value) is float) and low <= value <= high
    if kind == "list":
        return isinstance(value, list) and low <= len(value) <= high
    if kind == "hosts":
        hosts = value if isinstance(value, list) else [value]
        return low <= len(hosts) <= high and all(_is_server(host) for host in hosts)
    return _may_be(value, kind, int(low), high)
