"""Cases of config.json and the sentence about each, for the board's tests and the host's: both say the same."""

TOPIC = (
    "a topic of 1 to 128 bytes without + # and control characters, and not the broker's or the node's own ($, cmd/ ...)"
)

# (text of config.json, sentence); {drivers} stands for the names of all drivers.
INVALID = (
    ("", "config.json is not JSON: line 1, column 1: the end of the text instead of a value"),
    ('{"client_id": "a"', "config.json is not JSON: line 1, column 18: the end of the text instead of a comma or }"),
    ("[]", "config.json must be an object: {...}"),
    ("null", "config.json must be an object: {...}"),
    ('{"wifi": "home"}', "wifi must be an object: {...}"),
    ('{"pins": null}', "pins must be an object: {...}"),
    (
        '{"mqtt": {"host": "x"}}',
        "mqtt.host is not a setting: there are server, port, user, password, keepalive_s",
    ),
    (
        '{"Sensors": []}',
        "Sensors is not a setting: there are client_id, wifi, mqtt, sensors, pins, outbox, stats_s, error_reboot_s, "
        "ntp, homeassistant, sleep, update_key",
    ),
    ('{"client_id": 7}', "client_id must be text without + # / and control characters of 1 to 64 bytes or null"),
    ('{"client_id": ""}', "client_id must be text without + # / and control characters of 1 to 64 bytes or null"),
    ('{"client_id": "a/b"}', "client_id must be text without + # / and control characters of 1 to 64 bytes or null"),
    (
        '{"client_id": "a\\u0000b"}',
        "client_id must be text without + # / and control characters of 1 to 64 bytes or null",
    ),
    ('{"wifi": {"ssid": "%s"}}' % ("\u00e9" * 17), "wifi.ssid must be text of 0 to 32 bytes"),
    ('{"wifi": {"ssid": null}}', "wifi.ssid must be text of 0 to 32 bytes"),
    ('{"wifi": {"key": "1234567"}}', "wifi.key must be empty or text of 8 to 64 bytes: the longest is of hex digits"),
    ('{"wifi": {"others": {}}}', "wifi.others must be a list of 0 to 4 networks"),
    ('{"wifi": {"others": ["x"]}}', "wifi.others[0] must be an object: {...}"),
    ('{"wifi": {"others": [{"key": ""}]}}', "wifi.others[0].ssid must be given"),
    ('{"wifi": {"timeout_s": 4}}', "wifi.timeout_s must be a whole number from 5 to 300 s"),
    ('{"wifi": {"timeout_s": 20.0}}', "wifi.timeout_s must be a whole number from 5 to 300 s"),
    ('{"mqtt": {"port": true}}', "mqtt.port must be a whole number from 1 to 65535"),
    ('{"mqtt": {"port": 65536}}', "mqtt.port must be a whole number from 1 to 65535"),
    ('{"mqtt": {"port": "1883"}}', "mqtt.port must be a whole number from 1 to 65535"),
    ('{"mqtt": {"server": []}}', "mqtt.server must be a host or host:port, or a list of 1 to 4 hosts"),
    ('{"mqtt": {"server": ["a", "b c"]}}', "mqtt.server must be a host or host:port, or a list of 1 to 4 hosts"),
    ('{"mqtt": {"server": "a:"}}', "mqtt.server must be a host or host:port, or a list of 1 to 4 hosts"),
    ('{"mqtt": {"server": ["a:65536"]}}', "mqtt.server must be a host or host:port, or a list of 1 to 4 hosts"),
    ('{"mqtt": {"server": "a:1883:1"}}', "mqtt.server must be a host or host:port, or a list of 1 to 4 hosts"),
    ('{"mqtt": {"server": "mqtt://a"}}', "mqtt.server must be a host or host:port, or a list of 1 to 4 hosts"),
    ('{"mqtt": {"server": "192.168.1..210"}}', "mqtt.server must be a host or host:port, or a list of 1 to 4 hosts"),
    ('{"mqtt": {"server": ["a", ".a:1883"]}}', "mqtt.server must be a host or host:port, or a list of 1 to 4 hosts"),
    ('{"mqtt": {"password": "x"}}', "mqtt.user must be given with mqtt.password"),
    ('{"sensors": {}}', "sensors must be a list of 0 to 8 sensors"),
    ('{"sensors": ["tsl2561"]}', "sensors[0] must be an object: {...}"),
    ('{"sensors": [{}]}', "sensors[0].driver must be given"),
    ('{"sensors": [{"driver": "nonesuch"}]}', "sensors[0].driver must be one of {drivers}"),
    ('{"sensors": [{"driver": ["tsl2561"]}]}', "sensors[0].driver must be one of {drivers}"),
    (
        '{"sensors": [{"driver": "tsl2561", "every_s": 0.4}]}',
        "sensors[0].every_s must be a number from 0.5 to 86400 s",
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "every_s": 1e999}]}',
        "sensors[0].every_s must be a number from 0.5 to 86400 s",
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "topic": "a/#"}]}',
        "sensors[0].topic must be " + TOPIC + " or null",
    ),
    ('{"sensors": [{"driver": "adc", "topic": "update/attic"}]}', "sensors[0].topic must be " + TOPIC + " or null"),
    (
        '{"sensors": [{"driver": "tsl2561", "topics": {"lux": "a/+"}}]}',
        "sensors[0].topics.lux must be " + TOPIC,
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "topics": {"lumen": "a"}}]}',
        "sensors[0].topics.lumen is not a quantity: tsl2561 has lux",
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "topic": "a", "topics": {"lux": "b"}}]}',
        "sensors[0] has topic and topics: give one of them",
    ),
    (
        '{"sensors": [{"driver": "tsl2561"}, {"driver": "tsl2561", "address": 41}]}',
        "sensors[1].topic must be given: sensors[0] has the same topic",
    ),
    ('{"sensors": [{"driver": "tsl2561", "address": 40}]}', "sensors[0].address must be one of 41, 57, 73"),
    ('{"sensors": [{"driver": "tsl2561", "gain": 4}]}', "sensors[0].gain must be one of 1, 16 or null"),
    (
        '{"sensors": [{"driver": "tsl2561", "integration_ms": 100}]}',
        "sensors[0].integration_ms must be one of 13, 101, 402 or null",
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "median": 1}]}',
        "sensors[0].median must be a whole number from 2 to 15 readings",
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "scale": "2"}]}',
        'sensors[0].scale must be a number from -1000000 to 1000000, or an object: {"quantity": number}',
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "delta": {"lux": -1}}]}',
        "sensors[0].delta.lux must be a number from 0 to 1000000",
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "offset": {"lumen": 1}}]}',
        "sensors[0].offset.lumen is not a quantity: tsl2561 has lux",
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "heartbeat_s": null}]}',
        "sensors[0].heartbeat_s must be a number from 1 to 86400 s",
    ),
    ('{"sensors": [{"driver": "switch", "pin": 14, "median": 3}]}', "sensors[0].median is not for a contact"),
    ('{"sensors": [{"driver": "dht22"}]}', "sensors[0].pin must be given"),
    (
        '{"sensors": [{"driver": "dht22", "pin": 4}]}',
        "pins.sda and sensors[0].pin are both 4: each needs a GPIO of its own",
    ),
    (
        '{"sensors": [{"driver": "dht22", "pin": 14}, {"driver": "switch", "pin": 14}]}',
        "sensors[0].pin and sensors[1].pin are both 14: each needs a GPIO of its own",
    ),
    (
        '{"sensors": [{"driver": "ds18b20", "pin": 14}, {"driver": "ds18b20", "pin": 14, "rom": "28ff64021d5f0c4b"}]}',
        "sensors[0].pin and sensors[1].pin are both 14: each needs a GPIO of its own",
    ),
    (
        '{"sensors": [{"driver": "ds18b20", "pin": 14, "rom": "28ff"}]}',
        "sensors[0].rom must be text of 16 hex digits or null",
    ),
    (
        '{"sensors": [{"driver": "bme280"}, {"driver": "sht31"}]}',
        "sensors[1].topic must be given: sensors[0] has the same topic",
    ),
    (
        '{"sensors": [{"driver": "ds18b20", "pin": 14, "rom": "28FF64021D5F0C4B"},'
        ' {"driver": "ds18b20", "pin": 14, "rom": "28ff64021d5f0c4b", "topic": "a"}]}',
        "sensors[0].rom and sensors[1].rom are the same: each is given once",
    ),
    (
        '{"sensors": [{"driver": "ds18b20", "pin": 14, "rom": "28ff64021d5f0c4b"},'
        ' {"driver": "ds18b20", "pin": 13, "rom": "28ff64021d5f0c4b", "topic": "a"}]}',
        "sensors[0].rom and sensors[1].rom are the same: each is given once",
    ),
    (
        '{"sensors": [{"driver": "ds18b20", "pin": 14, "rom": "zzzzzzzzzzzzzzzz"}]}',
        "sensors[0].rom must be text of 16 hex digits or null",
    ),
    ('{"update_key": "%s"}' % ("g" * 64), "update_key must be text of 64 hex digits or null"),
    ('{"update_key": "%s"}' % ("a" * 63 + " "), "update_key must be text of 64 hex digits or null"),
    ('{"update_key": "+%s"}' % ("a" * 63), "update_key must be text of 64 hex digits or null"),
    (
        '{"sensors": [{"driver": "bme280"}, {"driver": "bmp280", "topic": "a"}]}',
        "sensors[0].address and sensors[1].address are the same: each is given once",
    ),
    (
        '{"sensors": [{"driver": "tsl2561", "address": 41}, {"driver": "tsl2561", "address": 41, "topic": "a"}]}',
        "sensors[0].address and sensors[1].address are the same: each is given once",
    ),
    (
        '{"client_id": "n1", "sensors": [{"driver": "bh1750"}, {"driver": "tsl2561", "topic": "sensors/n1/lux"}]}',
        "sensors[1].topic must be given: sensors[0] has the same topic",
    ),
    (
        '{"wifi": {"ssid": "home", "key": "12345678", "others": [{"ssid": "a"}, {"ssid": "home", "key": "87654321"}]}}',
        "wifi.ssid and wifi.others[1].ssid are the same: each is given once",
    ),
    (
        '{"wifi": {"ssid": "home", "others": [{"ssid": "a"}, {"ssid": "a", "key": "87654321"}]}}',
        "wifi.others[0].ssid and wifi.others[1].ssid are the same: each is given once",
    ),
    ('{"sleep": {"every_s": 60}, "pins": {"led": 16}}', "pins.led is 16, which sleep.every_s needs: wired to RST"),
    ('{"pins": {"led": 3}}', "pins.led must be one of 0, 2, 4, 5, 12, 13, 14, 15, 16"),
    ('{"pins": {"led": 6}}', "pins.led must be one of 0, 2, 4, 5, 12, 13, 14, 15, 16"),
    ('{"pins": {"led": false}}', "pins.led must be one of 0, 2, 4, 5, 12, 13, 14, 15, 16"),
    ('{"pins": {"run_app": 16}}', "pins.run_app must be one of 4, 5, 12, 13, 14"),
    ('{"pins": {"sda": 15}}', "pins.sda must be one of 0, 2, 4, 5, 12, 13, 14"),
    ('{"pins": {"led": 5}}', "pins.led and pins.scl are both 5: each needs a GPIO of its own"),
    ('{"outbox": 7}', "outbox must be a whole number from 8 to 512 readings"),
    ('{"stats_s": 0}', "stats_s must be a whole number from 10 to 86400 s or null"),
    ('{"error_reboot_s": 59}', "error_reboot_s must be a whole number from 60 to 86400 s or null"),
    ('{"ntp": "pool ntp"}', "ntp must be a host name or address of 1 to 64 bytes or null"),
    ('{"ntp": "pool.ntp.org."}', "ntp must be a host name or address of 1 to 64 bytes or null"),
    ('{"homeassistant": 1}', 'homeassistant must be true, false or "single"'),
    ('{"homeassistant": "device"}', 'homeassistant must be true, false or "single"'),
    ('{"sleep": {"every_s": 9}}', "sleep.every_s must be a whole number from 10 to 4000 s or null"),
    ('{"sleep": {"batch": 0}}', "sleep.batch must be a whole number from 1 to 50 readings"),
    ('{"sleep": {"every": 60}}', "sleep.every is not a setting: there are every_s, batch"),
    (" " * 4096 + "{}", "config.json is too long: 4096 bytes are allowed"),
)

# More than the memory of any image; the sentence, without the number in it.
NO_ROOM = (
    '{"outbox": 512, "sensors": [%s]}'
    % ", ".join(
        [
            '{"driver": "ds18b20", "pin": 14, "rom": "28ff64021d5f0c%02x", "topic": "%d%s", "every_s": 1, "median": 15}'
            % (i, i, "x" * 119)
            for i in range(8)
        ]
    ),
    "sensors and outbox need about %s bytes more than the memory has: take some of them away",
)

# Of several faults, the sentence is about the first in the table.
FIRST = ('{"outbox": 0, "mqtt": {"port": 0}, "x": 1}', "mqtt.port must be a whole number from 1 to 65535")

MISSING = "config.json is missing: ./bootstrap.sh makes it"

VALID = (
    "{}",
    '{"client_id": "\u00e9t\u00e9 1", "mqtt": {"server": ["a.lan", "192.168.1.9:1884"], "user": "u", "password": "p"}}',
    '{"wifi": {"ssid": "home", "key": "12345678", "others": [{"ssid": "garden"}], "hostname": "node-1"}}',
    '{"sensors": [{"driver": "tsl2561", "every_s": 0.5}, {"driver": "tsl2561", "address": 41, "topic": "a/b"}]}',
    '{"sensors": [{"driver": "tsl2561", "median": 3, "scale": 1.02, "delta": {"lux": 5}, "heartbeat_s": 600}]}',
    '{"sensors": [{"driver": "ds18b20", "pin": 14, "rom": "28ff64021d5f0c4b"},'
    ' {"driver": "ds18b20", "pin": 14, "rom": "28ff64021d5f0c4c", "topic": "a"}]}',
    '{"sensors": [], "stats_s": null, "error_reboot_s": null, "ntp": "pool.ntp.org", "homeassistant": true}',
    '{"homeassistant": "single", "sleep": {"every_s": 600, "batch": 5}}',
)
