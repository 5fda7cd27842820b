"""Settings as people write and read them: KEY=VALUE, and the differences between two config.json."""

import json
import re
from typing import Any

from host.failure import Exit, Failure
from host.settings.check import Drivers, Invalid, rows
from host.settings.nodes import checked

_SECRETS = ("key", "password", "update_key")


def parted(assignment: str) -> tuple[str, str]:
    """Return key and value. Raises Failure (usage)."""
    key, sign, value = assignment.partition("=")
    if not _is_utf8(assignment):
        raise Failure(Exit.USAGE, f"--set {key!a}: what follows is not text in UTF-8: which does your terminal use?")
    if not sign:
        raise Failure(Exit.USAGE, f"--set {key}: it takes KEY=VALUE, as in --set wifi.ssid=attic")
    return key, value


def _is_utf8(word: str) -> bool:
    """Say whether a word of the command line was UTF-8; if not, Python has turned its bytes into half characters."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def problem(config: dict) -> str | None:
    """Return the message that says why the node would not accept these settings, or None."""
    try:
        checked(config)
    except Invalid as e:
        return str(e)
    return None


def assign(config: Any, key: str, value: Any) -> None:
    """Put `value` where `key` ("sensors.0.every_s") says. Raises Failure (config) when there is no such place."""
    *path, last = re.sub(r"\[(\d+)\]", r".\1", key).split(".")
    node = config
    for part in path:
        node = _step(node, part, key)
    try:
        node[int(last) if isinstance(node, list) else last] = value
    except (ValueError, IndexError, TypeError) as e:
        raise Failure(Exit.CONFIG, f"--set {key}: there is no such place in config.json") from e


def _step(node: Any, part: str, key: str) -> Any:
    try:
        return node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    except (ValueError, IndexError, AttributeError) as e:
        raise Failure(Exit.CONFIG, f"--set {key}: there is no such place in config.json") from e


# Types whose values are written as JSON; values of other types are taken as they are.
_JSON = ("int", "number", "numbers", "one", "discovery", "list", "object", "topics", "hosts", "")


def typed(key: str, value: str) -> Any:
    """Return `value` as the schema wants it: a Wi-Fi key of digits stays text."""
    place = re.sub(r"\.(\d+)\b|\[(\d+)\]", "[]", key)
    under, _, name = place.rpartition(".")
    kinds = {row[0]: row[1] for row in rows(f"{under}." if under else "")}
    kind = kinds.get(name) or (_type_of_option(name) if under == "sensors[]" else "")
    if kind.rstrip("?") not in _JSON and value not in ("null" * kind.endswith("?"), '"null"'):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # a host, or wrong: the check has a message for that


def _type_of_option(name: str) -> str:
    """Return the type of a driver's own option, "" if none has it: one name has one type in all drivers."""
    drivers = Drivers()
    options = (row.split("|") for driver in drivers.names() for row in drivers.options(driver).splitlines())
    return next((row[1] for row in options if row[0] == name), "")


def differing(content: bytes, given: dict[str, Any]) -> list[str]:
    """Return one line for each setting that differs between a board's valid config.json and `given`."""
    try:
        there = json.loads(content)
    except ValueError:
        return []
    if not isinstance(there, dict) or problem(there):
        return []
    return differences(there, given)


def _is_secret(key: str) -> bool:
    return key.rpartition(".")[2] in _SECRETS


def differences(old: Any, new: Any, at: str = "") -> list[str]:
    """Return one line for each setting that differs; secrets are hidden."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{at}.{key}".lstrip("."))]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [line for i, pair in enumerate(zip(old, new, strict=True)) for line in differences(*pair, f"{at}.{i}")]
    if old == new:
        return []
    if _is_secret(at):
        return [f"{at} (not shown)"]
    hidden = any(f'"{secret}"' in json.dumps([old, new]) for secret in _SECRETS)
    return [f"{at} (not shown)" if hidden else f"{at}: {json.dumps(old)} -> {json.dumps(new)}"]
