"""Every setting of config.json in one table, and the check that a file agrees with it.

Columns: key | type | default | allowed | unit. The comment above a row is its meaning: host/settings/check.py makes
docs/settings.md of both, and in the strings it would take 3 kB of heap. The default is JSON; where it is empty the key
must be given, and where it is - the key is simply absent. A type that ends in ? also takes null. A driver describes
options of its own in rows of the same form, its `OPTIONS`, with the meaning as a sixth column; so a new sensor needs
nothing here. Runs on CPython too, so that the board and the host say the same sentence.
"""

import json


class Invalid(ValueError):
    """config.json cannot be used as it is; str() is one sentence that names the key and what is allowed.

    `config` holds what can be used all the same: what is wrong is at its default, `sensors` is empty, and `wifi` is
    None unless client_id, wifi and mqtt are right.
    """


# Pins: a RunApp switch held low must not change how the ROM starts (GPIO0, GPIO2, GPIO15), and GPIO16 has neither a
# pull-up nor an open drain, so it can only be the LED.
ROWS = (
    # Name of the node at the broker and in its topics; null: `feather-` and the last three bytes of the MAC.
    "client_id|id?|null|1..64|bytes\n"
    # The network to join.
    "wifi|object|{}||\n"
    # Its name; empty: none is joined, fault 7.
    'wifi.ssid|ssid|""|0..32|bytes\n'
    # Its key; empty: an open network.
    'wifi.key|key|""|8..64|bytes\n'
    # Further networks, tried in turn while there is no link.
    "wifi.others|list|[]|0..4|networks\n"
    # Its name.
    "wifi.others[].ssid|ssid||1..32|bytes\n"
    # Its key; empty: an open network.
    'wifi.others[].key|key|""|8..64|bytes\n'
    # Name given to the network's DHCP server; null: `feather-` and the last three bytes of the MAC.
    "wifi.hostname|host?|null|1..32|bytes\n"
    # Time without a link until fault 7 begins and the next network is tried.
    "wifi.timeout_s|int|20|5..300|s\n"
    # The MQTT broker.
    "mqtt|object|{}||\n"
    # Its address or name, or a list of them, tried in turn; an entry may have a port of its own: `10.0.0.3:1884`.
    'mqtt.server|hosts|"192.168.1.210"|1..4|hosts\n'
    # Its TCP port.
    "mqtt.port|int|1883|1..65535|\n"
    # User name; null: none is sent.
    "mqtt.user|text?|null|1..64|bytes\n"
    # Password; null: none is sent.
    "mqtt.password|text?|null|1..128|bytes\n"
    # Longest silence before the node asks whether the broker is still there. An answer may take half of it, and 5 s at
    # most.
    "mqtt.keepalive_s|int|30|5..3600|s\n"
    # What is read, one entry a chip.
    'sensors|list|[{"driver": "tsl2561", "every_s": 60}]|0..8|sensors\n'
    # The chip: the name of a file in `firmware/lib/node/sensors`.
    "sensors[].driver|driver|||\n"
    # Time from one reading to the next.
    "sensors[].every_s|number|60|0.5..86400|s\n"
    # Topic of the readings (when the chip has several quantities, `/<quantity>` is added); null:
    # `sensors/<id>/<quantity>`. None that begins with `$`, `cmd/`, `connect/`, `disconnect/`, `fault/`,
    # `homeassistant/`, `late/`, `reply/`, `stats/` or `status/`: those have another use.
    "sensors[].topic|topic?|null|1..128|bytes\n"
    # Instead of `topic`, one for each quantity: `{"lux": "house/roof/light"}`.
    "sensors[].topics|topics|{}|1..128|bytes\n"
    # What people call it, in faults and in Home Assistant; null: the driver's name.
    "sensors[].name|text?|null|1..32|bytes\n"
    # The median of the last so many is published: a single one that is far off leaves no trace.
    "sensors[].median|int|-|2..15|readings\n"
    # Readings are multiplied by this, to calibrate them,
    "sensors[].scale|numbers|-|-1000000..1000000|\n"
    # and this is added, in the quantity's unit.
    "sensors[].offset|numbers|-|-1000000..1000000|\n"
    # A reading is not published while it differs by less than this from the last one that was,
    "sensors[].delta|numbers|-|0..1000000|\n"
    # unless that is as long ago as this.
    "sensors[].heartbeat_s|number|-|1..86400|s\n"
    # What is wired where.
    "pins|object|{}||\n"
    # The LED, lit when low.
    "pins.led|one|0|0,2,4,5,12,13,14,15,16|GPIO\n"
    # The RunApp switch: wired to GND it holds the node stopped.
    "pins.run_app|one|12|4,5,12,13,14|GPIO\n"
    # I2C clock.
    "pins.scl|one|5|0,2,4,5,12,13,14|GPIO\n"
    # I2C data.
    "pins.sda|one|4|0,2,4,5,12,13,14|GPIO\n"
    # Readings kept while the broker is away; when full, the oldest is dropped and counted.
    "outbox|int|64|8..512|readings\n"
    # Time from one `stats/<id>` to the next; null: none is sent.
    "stats_s|int?|300|10..86400|s\n"
    # A fault that lasts this long restarts the board; null: never.
    "error_reboot_s|int?|3600|60..86400|s\n"
    # Time server (NTP); null: none, and late readings carry their age instead of their time.
    "ntp|host?|null|1..64|bytes\n"
    # Announce the sensors to Home Assistant (MQTT discovery): as one device, or each as an entity of its own.
    'homeassistant|discovery|false|"single"|\n'
    # Deep sleep, for batteries: GPIO16 must be wired to RST.
    "sleep|object|{}||\n"
    # Time from one reading of all sensors to the next, asleep in between; null: the node stays awake.
    "sleep.every_s|int?|null|10..4000|s\n"
    # Readings are kept and sent together, every so many of them.
    "sleep.batch|int|1|1..50|readings\n"
    # Secret with which updates by air are signed; null: they are refused.
    "update_key|hex?|null|64..64|hex digits\n"
)


class Drivers:
    """The drivers on this board."""

    def names(self):
        import os
        import sys

        found = set()
        for folder in sys.path:  # an update by air has put its own where it is not in the way of those in ROMFS
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


def table(rows, under=""):
    """Return the rows of the object `under` ("wifi.", "sensors[]."), each as a list of its columns, key first."""
    return list(each(rows, under))


def each(rows, under=""):
    """Yield the same, one at a time: all of them are 2 kB of heap."""
    start = 0
    while start < len(rows):  # not split(): all the lines at once are too much for the heap
        end = rows.find("\n", start)
        if rows.startswith(under, start):
            columns = rows[start + len(under) : end].split("|")
            if "." not in columns[0]:
                yield columns
        start = end + 1


def _each_of(sources):
    for rows, under in sources:
        yield from each(rows, under)


def complete(given, drivers):
    """Return the dict `given` with the defaults filled in. Raises Invalid, with what can be used in its `config`."""
    global _may_be
    from node.text import may_be as _may_be

    config, problem = {}, None
    for row in each(ROWS):
        name = row[0]
        try:
            config[name] = value = _value(row, "", name, given, drivers)
            if name == "mqtt" and value["password"] and not value["user"]:
                raise Invalid("mqtt.user must be given with mqtt.password")  # MQTT 3.1.1, 3.1.2.9
        except Invalid as e:
            config[name] = _value(row, "", name, {}, drivers)
            problem = problem or (name, e)
    try:
        _no_strangers(given, each(ROWS), "")
        _no_clash(config, drivers)
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
    words = _WORDS[kind.rstrip("?")].replace("%s", span)
    return words + " or null" if kind.endswith("?") else words


def _value(row, under, shown, given, drivers):
    """Return what the dict `given` has for `row`, checked, or else its default; `shown` is the key in sentences."""
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
        return _object(value, ((ROWS, path + "."),), path + ".", shown, drivers)
    if kind == "list":
        make = _sensor if name == "sensors" else _object
        under = path + "[]."
        return [make(v, ((ROWS, under),), under, "%s[%d]" % (shown, i), drivers) for i, v in enumerate(value)]
    if kind in _BY_QUANTITY and isinstance(value, dict):
        kind = _BY_QUANTITY[kind]
        for key in value:
            if not _is_good(value[key], kind, allowed):
                raise Invalid("%s.%s must be %s" % (shown, key, wanted(kind, allowed, unit)))
    return value


def _object(given, sources, under, shown, drivers):
    """Return the object, checked by the rows of `sources`: (rows, under) for each()."""
    if not isinstance(given, dict):
        raise Invalid("%s must be %s" % (shown, wanted("object", "", "")))
    _no_strangers(given, _each_of(sources), shown + ".")
    return {
        row[0]: _value(row, under, "%s.%s" % (shown, row[0]), given, drivers)
        for row in _each_of(sources)
        if row[2] != "-" or row[0] in given
    }


def _sensor(given, sources, under, shown, drivers):
    """Return one entry of `sensors`: the common keys, the driver's own, and in `topics` all that is not the default."""
    if isinstance(given, dict):
        driver = _value(next(_each_of(sources)), under, shown + ".driver", given, drivers)
        sources += ((drivers.options(driver), ""),)
    entry = _object(given, sources, under, shown, drivers)
    quantities = drivers.quantities(driver)
    for name in ("topics", "scale", "offset", "delta"):
        value = entry.get(name)
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
            # 1-Wire sensors share theirs, if each is called by its number.
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
    _fits(config, drivers)


def _differ(seen, entries, shown, key):
    """Raise Invalid when two of `entries`, or one and another of `seen`, have the same under `key`: one thing twice."""
    for i, entry in enumerate(entries):
        value = entry.get(key)
        if key == "rom" and value:
            value = value.lower()
        name = shown % i
        for other, known in seen:
            if value and value == known:
                raise Invalid("%s and %s are the same: each is given once" % (other, name))
        seen.append((name, value))


# Bytes of heap on the image that leaves most, measured with up to six sensors on the chip's own port: good to a tenth.
_ROOM = 15500  # for what follows
_CHANNEL, _SENSOR = 240, 210
_KEPT, _DRIVER = 400, 1000  # a sensor that is not dropped between two readings, and its driver's code
_FILTER, _FILTERS = 300, 2750  # a sensor that is filtered, and the code for that
_RARE_S = 10


def _fits(config, drivers):
    """Raise Invalid when the sensors and the outbox take more heap than there is."""
    need = 9 * config["outbox"]
    kept = []
    filtered = False
    for entry in config["sensors"]:
        driver = entry["driver"]
        need += _SENSOR + 2 * len(entry["name"] or "") + sum([2 * len(entry["topics"][q]) for q in entry["topics"]])
        need += _CHANNEL * len(drivers.quantities(driver))
        filters = any([name in entry for name in ("median", "scale", "offset", "delta")])
        if filters:
            need += _FILTER
        if filters or entry["every_s"] < _RARE_S:
            need += _KEPT
            if driver not in kept:
                kept.append(driver)
        filtered = filtered or filters
    need += _DRIVER * len(kept) + (_FILTERS if filtered else 0) - _ROOM
    if need > 0:
        raise Invalid("sensors and outbox need about %d bytes more than the memory has: take some of them away" % need)


_HOST_BYTES = 64

# Types that are, or may be, an object with a value of this type for each quantity.
_BY_QUANTITY = {"topics": "topic", "numbers": "number"}

# Types, with what they allow; %s is the column of that name.
_WORDS = {
    "object": "an object: {...}",
    "list": "a list of %s",
    "topics": 'an object: {"quantity": "topic"}',
    "numbers": 'a number from %s, or an object: {"quantity": number}',
    "driver": "one of %s",
    "one": "one of %s",
    "discovery": "true, false or %s",
    "int": "a whole number from %s",
    "number": "a number from %s",
    "text": "text without control characters of %s",
    "ssid": "text of %s",
    "hex": "text of %s",
    "key": "empty or text of %s: the longest is of hex digits",
    "id": "text without + # / and control characters of %s",
    "topic": "a topic of %s without + # and control characters, and not the broker's or the node's own ($, cmd/ ...)",
    "host": "a host name or address of %s",
    "hosts": "a host or host:port, or a list of %s",
}


def _is_server(value):
    host, *port = value.split(":") if type(value) is str else [value]
    if not _may_be(host, "host", 1, _HOST_BYTES):
        return False
    return not port or len(port) == 1 and all(c in "0123456789" for c in port[0]) and 0 < int(port[0] or 0) < 65536


def _is_good(value, kind, allowed):
    """Say whether `value` is of the type; not yet what is inside an object or a list of objects."""
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
