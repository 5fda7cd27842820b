"""Make config.json, from questions or from --set KEY=VALUE.

It holds passwords: they are not shown, and nobody else may read it.
"""

import copy
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from host import private_files
from host.broker import mosquitto
from host.console import ROOT, Console
from host.failure import Exit, Failure
from host.settings import keys, questions
from host.settings.check import Invalid, load, schema

PATH = ROOT / "config.json"
EXAMPLE = ROOT / "config.example.json"
_SECRETS = ("key", "password", "update_key")


def prepare(
    console: Console,
    assignments: Sequence[str],
    path: Path = PATH,
    account: bool = False,
    possible: Callable[[], str | None] = lambda: None,
) -> tuple[dict[str, Any], bool]:
    """Have a valid config.json with `assignments` ("wifi.ssid=attic") in it, and return it with its defaults.

    A new one gets a key for updates by air; with `account`, the node gets one at the broker on this computer, and so it
    does when that is what somebody answers: returned as well. An existing one is only changed on a yes. possible: says
    why this computer's broker cannot be set up, or None.

    Raises Failure (config) with the sentence of the settings check, (usage) when nobody is there to ask.
    """
    old = _read(path)
    new = copy.deepcopy(old) if old is not None else _example()
    for assignment in assignments:
        key, sign, value = assignment.partition("=")
        if not _is_utf8(assignment):
            raise Failure(
                Exit.USAGE, f"--set {key!a}: what follows is not text in UTF-8: which does your terminal use?"
            )
        if not sign:
            raise Failure(Exit.USAGE, f"--set {key}: it takes KEY=VALUE, as in --set wifi.ssid=attic")
        _assign(new, key, _typed(key, value))
    if old is None and not assignments:
        account = _ask(console, new, account, possible)
    folder = path.parent / keys.FOLDER.name
    if old is None or assignments or account:
        keys.give_update_key(new, folder)
    if account:
        mosquitto.check_name(new.get("client_id"))
        keys.give_account(new, folder)
    if new == old:
        console.note(f"  {path.name} is there and stays as it is")
        return _remembered(console, path, folder), account
    if problem := _problem(new):
        raise Failure(Exit.CONFIG, f"{problem}: nothing was changed")
    if old is not None:
        console.note(f"  {path.name} is there; these settings would change:")
        for line in differences(old, new):
            console.note(f"    {line}")
        if not console.ask(f"change {path.name}?"):
            raise Failure(Exit.USAGE, f"{path.name} stays as it is, as you said")
    if not new.get("wifi", {}).get("ssid"):
        console.note("  wifi.ssid is empty: the node will join no network")
    private_files.write(path, json.dumps(new, indent=2, ensure_ascii=False).encode() + b"\n")
    done = "is made" if old is None else "is changed"
    console.note(f"  {path.name} {done}: nano {path.name} shows every setting, docs/settings.md explains them")
    return _remembered(console, path, folder), account


def _is_utf8(word: str) -> bool:
    """Say whether a word of the command line was: of any other, its bytes have become halves of characters."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


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
    return json.loads(path.read_bytes())


def _example() -> dict:
    config = json.loads(EXAMPLE.read_text())
    del config["update_key"]  # null would mean that there are to be no updates
    return config


def _problem(config: dict) -> str | None:
    """Return the sentence that says why the node would not accept these settings."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        private_files.write(path, json.dumps(config).encode())
        try:
            load(path)
        except Invalid as e:
            return str(e)
    return None


def _ask(console: Console, config: dict, account: bool, possible: Callable[[], str | None]) -> bool:
    """Fill in the settings, in place, from answers. Returns whether the broker here is to have an account for them."""

    def put(key: str, answer: str) -> str | None:
        before = copy.deepcopy(config)
        _assign(config, key, answer)
        problem = _problem(config)
        if problem:
            config.clear()
            config.update(before)
        return problem

    questions.wifi(console, put)
    if account:
        questions.here(console, put)
    elif not questions.broker(console, put, config, possible):
        return False
    questions.name(console, put)
    return True


def _assign(config: Any, key: str, value: Any) -> None:
    """Put `value` where `key` ("sensors.0.every_s") says."""
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


# Types whose values are written as JSON; the others' stand as they are.
_JSON = ("int", "number", "numbers", "one", "discovery", "list", "object", "topics", "hosts", "")


def _typed(key: str, value: str) -> Any:
    """Return `value` as the schema wants it: a Wi-Fi key of digits stays text."""
    place = re.sub(r"\.(\d+)\b|\[(\d+)\]", "[]", key)
    under, _, name = place.rpartition(".")
    kinds = {row[0]: row[1] for row in schema.table(schema.ROWS, f"{under}." if under else "")}
    kind = kinds.get(name, "")
    if kind.rstrip("?") not in _JSON and value not in ("null" * kind.endswith("?"), '"null"'):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # a host, or wrong: the check has a sentence for that


def differing(content: bytes, path: Path) -> list[str]:
    """Return one line for each setting that a board's valid config.json has otherwise than the one here."""
    try:
        there = json.loads(content)
    except ValueError:
        return []
    if not isinstance(there, dict) or _problem(there):
        return []
    return differences(there, json.loads(path.read_text()))


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
