"""Make config.json, from questions or from --set KEY=VALUE.

It holds passwords: they are not shown, and nobody else may read it.
"""

import copy
import getpass
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from host import private_files
from host.broker import mosquitto
from host.console import ROOT, Console
from host.failure import Exit, Failure
from host.settings import keys
from host.settings.check import Invalid, load, schema

PATH = ROOT / "config.json"
EXAMPLE = ROOT / "config.example.json"
_SECRETS = ("key", "password", "update_key")
_NAME_QUESTION = ("client_id", "name of this node")
_QUESTIONS = (
    ("wifi.ssid", "name of your Wi-Fi network"),
    ("wifi.key", "its key (not shown; empty for an open network)"),
    ("mqtt.server", "address of the MQTT broker"),
    ("mqtt.user", "user name at the broker (empty for none)"),
    ("mqtt.password", "its password (not shown)"),
)


def prepare(console: Console, assignments: Sequence[str], path: Path = PATH, account: bool = False) -> dict[str, Any]:
    """Have a valid config.json with `assignments` ("wifi.ssid=attic") in it, and return it with its defaults.

    A new one gets a key for updates by air; with `account`, the node gets one at the broker on this computer. An
    existing one is only changed on a yes.

    Raises Failure (config) with the sentence of the settings check, (usage) when nobody is there to ask.
    """
    old = _read(path)
    new = copy.deepcopy(old) if old is not None else _example()
    for assignment in assignments:
        key, sign, value = assignment.partition("=")
        if not sign:
            raise Failure(Exit.USAGE, f"--set {key}: it takes KEY=VALUE, as in --set wifi.ssid=attic")
        _assign(new, key, value)
    if old is None and not assignments:
        _ask(console, new, account)
    folder = path.parent / keys.FOLDER.name
    if old is None or assignments or account:
        keys.give_update_key(new, folder)
    if account:
        mosquitto.check_name(new.get("client_id"))
        keys.give_account(new, folder)
    if new == old:
        console.note(f"  {path.name} is there and stays as it is")
        return _remembered(console, path, folder)
    _check(new)
    if old is not None:
        console.note(f"  {path.name} is there; these settings would change:")
        for line in _differences(old, new):
            console.note(f"    {line}")
        if not console.ask(f"change {path.name}?"):
            raise Failure(Exit.USAGE, f"{path.name} stays as it is, as you said")
    if not new.get("wifi", {}).get("ssid"):
        console.note("  wifi.ssid is empty: the node will join no network")
    private_files.write(path, json.dumps(new, indent=2, ensure_ascii=False).encode() + b"\n")
    console.note(f"  {path.name} is made: nano {path.name} shows every setting, docs/settings.md explains them")
    return _remembered(console, path, folder)


def _remembered(console: Console, path: Path, folder: Path) -> dict[str, Any]:
    """Return the settings, and keep the secrets of a node with a name for the day when config.json has another's."""
    settings = load(path)
    name, mqtt = settings["client_id"], settings["mqtt"]
    if name:
        own = mqtt["password"] if mqtt["user"] == name else None
        keys.remember(name, folder, password=own, update_key=settings["update_key"])
        if mqtt["user"] != name and keys.known(mqtt["user"], folder):
            console.note(f"  mqtt.user is the account of {mqtt['user']}: with --broker, {name} gets one of its own")
    return settings


def _read(path: Path) -> dict | None:
    if not path.exists():
        return None
    try:
        load(path)
    except Invalid as e:
        raise Failure(Exit.CONFIG, f"{e}: correct it, or remove {path.name} to be asked again") from e
    path.chmod(0o600)
    return json.loads(path.read_text())


def _example() -> dict:
    config = json.loads(EXAMPLE.read_text())
    del config["update_key"]  # null would mean that there are to be no updates
    return config


def _check(config: dict) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        private_files.write(path, json.dumps(config).encode())
        try:
            load(path)
        except Invalid as e:
            raise Failure(Exit.CONFIG, f"{e}: nothing was changed") from e


def _ask(console: Console, config: dict, account: bool) -> None:
    questions = [_NAME_QUESTION, *_QUESTIONS[:3]] if account else _QUESTIONS  # its account is made, not asked for
    for key, question in questions:
        if key == "mqtt.password" and not config["mqtt"]["user"]:
            continue
        if _is_secret(key):
            value = getpass.getpass(f"  {question}: ")
        else:
            now = _value_at(config, key)
            value = console.answer(f"  {question}{f' [{now}]' if now else ''}: ")
        if value:
            _assign(config, key, value)


def _assign(config: Any, key: str, value: str) -> None:
    """Put `value`, in the type that the setting has, where `key` ("sensors.0.every_s") says."""
    *path, last = re.sub(r"\[(\d+)\]", r".\1", key).split(".")
    node = config
    for part in path:
        node = _step(node, part, key)
    try:
        node[int(last) if isinstance(node, list) else last] = _typed(key, value)
    except (ValueError, IndexError, TypeError) as e:
        raise Failure(Exit.CONFIG, f"--set {key}: there is no such place in config.json") from e


def _step(node: Any, part: str, key: str) -> Any:
    try:
        return node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    except (ValueError, IndexError, AttributeError) as e:
        raise Failure(Exit.CONFIG, f"--set {key}: there is no such place in config.json") from e


_JSON = ("int", "number", "one", "discovery", "list", "object", "topics", "")  # types whose values are written so


def _typed(key: str, value: str) -> Any:
    """Return `value` as the schema wants it: a Wi-Fi key of digits stays text."""
    place = re.sub(r"\.(\d+)\b|\[(\d+)\]", "[]", key)
    under, _, name = place.rpartition(".")
    kinds = {row[0]: row[1] for row in schema.table(schema.ROWS, f"{under}." if under else "")}
    kind = kinds.get(name, "")
    if value == "null" and kind.endswith("?"):
        return None
    if kind.rstrip("?") in _JSON or value.startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            pass  # the check has a better sentence
    return value


def _value_at(config: dict, key: str) -> Any:
    for part in key.split("."):
        config = config[part]
    return config


def _is_secret(key: str) -> bool:
    return key.rpartition(".")[2] in _SECRETS


def _differences(old: Any, new: Any, at: str = "") -> list[str]:
    """Return one line for each setting that differs; secrets are hidden."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        return [line for key in keys for line in _differences(old.get(key), new.get(key), f"{at}.{key}".lstrip("."))]
    if old == new:
        return []
    if _is_secret(at):
        return [f"{at} (not shown)"]
    hidden = any(f'"{secret}"' in json.dumps([old, new]) for secret in _SECRETS)
    return [f"{at} (not shown)" if hidden else f"{at}: {json.dumps(old)} -> {json.dumps(new)}"]
