"""Home Assistant's own checks of MQTT discovery, for test_home_assistant.py: run with build/homeassistant on the path.

Standard input is JSON: {"configs": {topic: payload}, "states": {topic: [payload, ...]}}. Standard output: for each
entity, by its unique_id: its name, its platform and what each of its states becomes. Exit status 1 and a sentence on
standard error when Home Assistant would refuse an entity.

Home Assistant 2024.3 does not know the device form yet (2024.11 brought it). Here that form is split by the rules of
its documentation: the device's own keys hold for each of its components, and the platform is `p`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

from homeassistant.components.mqtt import binary_sensor, sensor
from homeassistant.components.mqtt.abbreviations import ABBREVIATIONS, DEVICE_ABBREVIATIONS, ORIGIN_ABBREVIATIONS
from homeassistant.components.mqtt.discovery import MQTT_ORIGIN_INFO_SCHEMA, SUPPORTED_COMPONENTS, TOPIC_MATCHER
from homeassistant.components.mqtt.models import MqttValueTemplate
from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES, DEVICE_CLASS_UNITS
from homeassistant.core import HomeAssistant

_PLATFORMS = {"sensor": sensor, "binary_sensor": binary_sensor}
_DEVICE_TOPIC = re.compile(r"device/(?:[a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config")


def _expand(config: dict[str, Any]) -> dict[str, Any]:
    """Long names for the abbreviations, as discovery does it. Raises vol.Invalid for a bad origin."""
    config = {ABBREVIATIONS.get(key, key): value for key, value in config.items()}
    config["device"] = {DEVICE_ABBREVIATIONS.get(key, key): value for key, value in config["device"].items()}
    config["origin"] = {ORIGIN_ABBREVIATIONS.get(key, key): value for key, value in config["origin"].items()}
    MQTT_ORIGIN_INFO_SCHEMA(config["origin"])
    return config


def _entities(topic: str, payload: str) -> list[tuple[str, dict[str, Any]]]:
    """(platform, configuration) of each entity that a message brings."""
    rest = topic.removeprefix("homeassistant/")
    config = json.loads(payload)
    if rest.startswith("device/"):
        assert _DEVICE_TOPIC.fullmatch(rest), f"{topic} is not a topic of discovery"
        assert config["dev"].get("ids") or config["dev"].get("cns")
        assert config["o"]["name"]
        components = config.pop("cmps")
        # A component with only its platform is to be removed.
        whole = {key: value for key, value in components.items() if set(value) != {"p"}}
        assert whole, "a device without components"
        found = [(value.pop("p"), _expand(config | value)) for value in whole.values()]
    else:
        match = TOPIC_MATCHER.fullmatch(rest)
        assert match, f"{topic} is not a topic of discovery"
        found = [(match.group("component"), _expand(config))]
    assert all(config["unique_id"] for _, config in found)
    return found


def _check(platform: str, config: dict[str, Any]) -> dict[str, Any]:
    """The configuration after the schema. Raises vol.Invalid; AssertionError for errors that show only at run time."""
    assert platform in SUPPORTED_COMPONENTS
    strangers = set(config) - {str(key) for key in _keys(platform)} - {"device", "origin"}
    assert not strangers, f"{config['unique_id']}: {strangers} would be ignored"
    checked = _PLATFORMS[platform].DISCOVERY_SCHEMA(config)
    device_class = checked.get("device_class")
    if platform == "sensor" and device_class:
        assert checked.get("unit_of_measurement") in DEVICE_CLASS_UNITS[device_class]
        assert checked.get("state_class") in DEVICE_CLASS_STATE_CLASSES[device_class]
    return checked


def _keys(platform: str) -> dict[Any, Any]:
    schema = _PLATFORMS[platform].DISCOVERY_SCHEMA
    parts = getattr(schema, "validators", [schema])  # of an All, or the schema itself
    return next(part for part in parts if hasattr(part, "schema")).schema


async def _run(given: dict[str, Any]) -> dict[str, Any]:
    hass = HomeAssistant("")
    told: dict[str, Any] = {}
    for topic, payload in given["configs"].items():
        for platform, config in _entities(topic, payload):
            checked = _check(platform, config)
            name = checked["unique_id"]
            assert name not in told, f"{name} twice"
            template = MqttValueTemplate(checked.get("value_template"), hass=hass)
            states = [
                template.async_render_with_possible_json_value(state)
                for state in given["states"].get(checked["state_topic"], [])
            ]
            if platform == "binary_sensor":
                words = {checked["payload_on"]: "on", checked["payload_off"]: "off"}
                states = [words[state] for state in states]
            told[name] = {
                "platform": platform,
                "name": checked.get("name"),
                "device_class": checked.get("device_class"),
                "expire_after": checked.get("expire_after"),
                "availability": checked["availability_topic"],
                "device": checked["device"]["name"],
                "states": states,
            }
    await hass.async_stop(force=True)
    return told


def main() -> None:
    """Check what is on standard input."""
    try:
        told = asyncio.run(_run(json.load(sys.stdin)))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
