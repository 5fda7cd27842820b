import json
import os
import sys
import time

import settings_cases as cases

from node.schema import Drivers
from node.config_file import Invalid, load

FILE = "/tmp/node-config-%d.json" % time.time_ns()


def written(text):
    with open(FILE, "w") as f:
        f.write(text)
    return FILE


def told(text):
    """load()'s sentence about config.json, and the exception."""
    try:
        load(written(text))
    except Invalid as e:
        return str(e), e
    finally:
        os.remove(FILE)
    raise AssertionError("valid: " + text)


def test_what_is_wrong_is_said_in_a_sentence():
    for text, sentence in cases.INVALID:
        sentence = sentence.replace("{drivers}", ", ".join(Drivers().names()))
        assert told(text)[0] == sentence, (text, told(text)[0])


def test_what_does_not_fit_is_refused_with_how_much_is_missing():
    text, sentence = cases.NO_ROOM
    said, e = told(text)
    missing = said.split(" ")[5]
    assert said == sentence % missing and int(missing) > 1000 and e.config["sensors"] == []


def test_the_first_fault_is_said():
    text, sentence = cases.FIRST
    assert told(text)[0] == sentence


def test_missing():
    try:
        load("/no/such/config.json")
        raise AssertionError
    except Invalid as e:
        assert str(e) == cases.MISSING
        assert e.config["wifi"] is None and e.config["sensors"] == [] and e.config["pins"]["led"] == 0


def test_not_utf_8():
    with open(FILE, "wb") as f:
        f.write(b'{"client_id": "\xff\xfe"}')
    try:
        load(FILE)
        raise AssertionError
    except Invalid as e:
        assert str(e) == "config.json is not JSON: line 1, column 16: not text in UTF-8: save it again as such"
    finally:
        os.remove(FILE)


def test_valid():
    for text in cases.VALID:
        config = load(written(text))
        os.remove(FILE)
        assert config["mqtt"]["port"] == 1883 and config["pins"]["run_app"] == 12


def test_the_example_is_the_defaults():
    example = load(sys.argv[0].rsplit("/", 1)[0] + "/../../config.example.json")
    assert example == load(written("{}"))
    os.remove(FILE)
    with open(sys.argv[0].rsplit("/", 1)[0] + "/../../config.example.json") as f:
        given = json.load(f)
    for key in given:
        if key != "sensors":
            assert given[key] == example[key], key
    assert len(given) == len(example) and given["sensors"][0]["every_s"] == 60


def test_a_sensor_has_every_key():
    config = load(written('{"sensors": [{"driver": "tsl2561", "topic": "house/lux", "gain": 16}]}'))
    os.remove(FILE)
    assert config["sensors"] == [
        {
            "driver": "tsl2561",
            "every_s": 60,
            "topic": "house/lux",
            "topics": {"lux": "house/lux"},
            "name": None,
            "address": 57,
            "gain": 16,
            "integration_ms": None,
        }
    ]


def test_what_can_be_used_of_a_wrong_file():
    _, e = told('{"wifi": {"ssid": "home"}, "mqtt": {"server": "a"}, "pins": {"led": 3}, "outbox": 32}')
    assert e.config["wifi"]["ssid"] == "home" and e.config["mqtt"]["server"] == "a"
    assert e.config["pins"]["led"] == 0 and e.config["sensors"] == [] and e.config["outbox"] == 32
    _, e = told('{"wifi": {"ssid": "home"}, "mqtt": {"sever": "a"}, "pins": {"led": 2}}')
    assert e.config["wifi"] is None and e.config["pins"]["led"] == 2


def test_a_driver_of_several_quantities():
    class Two(Drivers):
        def names(self):
            return ["weather"]

        def options(self, driver):
            return ""

        def quantities(self, driver):
            return ["temperature", "humidity"]

    config = load(written('{"sensors": [{"driver": "weather", "topic": "roof"}]}'), Two())
    assert config["sensors"][0]["topics"] == {"temperature": "roof/temperature", "humidity": "roof/humidity"}
    config = load(written('{"sensors": [{"driver": "weather", "topics": {"humidity": "h"}}]}'), Two())
    assert dict(config["sensors"][0]["topics"]) == {"humidity": "h"}
    os.remove(FILE)
