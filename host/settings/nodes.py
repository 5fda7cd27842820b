"""The nodes of this computer: config.json has what all share, nodes/<client_id>.json what is one node's own.

A board gets the two as one config.json. A node that is alone needs only config.json, which then has its own settings
too; its file in nodes/ then has only its board.
"""

import contextlib
import fcntl
import functools
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host import private_files
from host.console import ROOT
from host.failure import Exit, Failure
from host.settings.check import OWN, Invalid, load, read_json

BOARD = ("mac", "image")  # keys about a node's board: for this computer alone
_MIN_PASSWORD = 20  # characters; a shorter one is not ours, and could be guessed


@dataclass(frozen=True)
class Node:
    """One node. `name` is None while it is made from the MAC. `given`: its config.json; `settings`: with defaults."""

    name: str | None
    given: dict[str, Any]
    settings: dict[str, Any]
    path: Path  # of that config.json
    mac: str | None = None
    image: str | None = None


class Nodes:
    """The nodes of the folder `root`."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.config = root / "config.json"
        self.folder = root / "nodes"

    def path(self, name: str) -> Path:
        """Return the file of a node."""
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        """Return the names of all nodes, sorted: those with a file, and the one of config.json."""
        named = self.shared().get("client_id")
        return sorted({path.stem for path in self.folder.glob("*.json")} | ({named} if named else set()))

    def shared(self) -> dict[str, Any]:
        """Return config.json as it is; empty when there is none. Raises Invalid."""
        return _read(self.config, self.config.name) if self.config.exists() else {}

    def own(self, name: str) -> dict[str, Any]:
        """Return the file of a node as it is; empty when there is none. Raises Invalid."""
        return _read(self.path(name), self._place(name)) if self.path(name).exists() else {}

    def alone(self) -> bool:
        """Say whether config.json has all settings of the only node, or of the first one to come."""
        return not any(set(self.own(path.stem)) - set(BOARD) for path in self.folder.glob("*.json"))

    def get(self, name: str | None = None) -> Node:
        """Return a node, checked; without a name the only one. Raises Invalid, Failure (usage)."""
        if (self.root / "keys").is_dir():
            raise Invalid("keys/ is of an earlier release: ./bootstrap.sh makes nodes/ of it, and loses nothing")
        names = self.names()
        if self.alone() and name in (None, *names):
            settings = load(self.config)
            name = settings["client_id"] or name or (names[0] if len(names) == 1 else None)
            board = self.own(name) if name else {}
            path = self._copied(name, self.config.read_bytes()) if name else self.config
            return Node(name, self.shared(), settings, path, board.get("mac"), board.get("image"))
        if name not in names:
            known = f"there are {', '.join(names)}" if names else "there is none"
            raise Failure(Exit.USAGE, f"{f'{name} is no node here' if name else 'which node?'} ({known}): " + _MAKE)
        own = self.own(name)
        board = {key: own.pop(key, None) for key in BOARD}
        given = merged(name, self.shared(), own)
        try:
            settings = checked(given)
        except Invalid as e:
            raise Invalid(f"{name}: {e}") from e
        if stray := _first(split(self.shared())[1]):
            raise Invalid(f"config.json: {stray} belongs in {self._place(name)}, for it is a node's own")
        if stray := _first(split(own)[0]):
            raise Invalid(f"{self._place(name)}: {stray} belongs in config.json, for all nodes share it")
        return Node(name, given, settings, self._copied(name, text(given)), **board)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep programs that flash other boards at the same time from reading and changing these files meanwhile."""
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _copied(self, name: str, content: bytes) -> Path:
        """Write the config.json for a board into a folder of its own, since boards are flashed side by side."""
        path = self.root / "build" / "nodes" / name / "config.json"
        if not path.exists() or path.read_bytes() != content:
            private_files.write(path, content)
        return path

    def first(self) -> Node:
        """Return any node, for settings that all share. Raises Invalid, Failure."""
        return self.get(None if self.alone() else self.names()[0])

    def check(self, name: str | None, given: dict[str, Any]) -> None:
        """Raise Failure (config) for a node's own settings among those that all nodes share."""
        own = split(given)[1]
        if name is None and own and not self.alone():
            raise Failure(Exit.CONFIG, f"{_first(own)} is a node's own: ./bootstrap.sh NAME --set ... changes it")

    def put(self, name: str | None, given: dict[str, Any]) -> None:
        """Save the config.json of a node: in config.json if it is alone, otherwise its own settings in its file."""
        if self.alone() and name in (None, *self.names()):
            before, after = self.shared().get("client_id"), given.get("client_id")
            private_files.write(self.config, text(given))
            if before and after and before != after and self.path(before).exists():
                self.path(before).rename(self.path(after))
            return
        self.check(name, given)
        shared, own = split(given)
        if shared != self.shared():
            private_files.write(self.config, text(shared))
        if name:
            self.write(name, {key: value for key, value in self.own(name).items() if key in BOARD} | whole(own))

    def settle(self, name: str) -> None:
        """Move what is a node's own from config.json to the file of `name`, before another node is added."""
        shared, own = split(self.shared())
        self.write(name, self.own(name) | whole(own))
        private_files.write(self.config, text(shared))

    def deployed(self, name: str, mac: str, image: str | None) -> None:
        """Save which board a node is on, and the board's image of MicroPython, if that is known."""
        for path in self.folder.glob("*.json"):
            if path.stem != name and self.own(path.stem).get("mac") == mac:
                left = {key: value for key, value in self.own(path.stem).items() if key not in BOARD}
                if left:
                    self.write(path.stem, left)
                else:
                    path.unlink()
        self.write(name, self.own(name) | {"mac": mac} | ({"image": image} if image else {}))

    def of(self, mac: str) -> str | None:
        """Return the name of the node on the board with that MAC."""
        return next((name for name in self.names() if self.own(name).get("mac") == mac), None)

    def names_with_board(self) -> list[str]:
        """Return the names of those whose board is known."""
        return [name for name in self.names() if self.own(name).get("mac")]

    def sharing(self, name: str | None, update_key: str | None) -> list[str]:
        """Return the other nodes that have this update_key."""
        return [one for one in self.names() if one != name and self.own(one).get("update_key", "") == update_key]

    def write(self, name: str, own: dict[str, Any]) -> None:
        """Write the file of a node, if it changes."""
        if own != self.own(name) or not self.path(name).exists():
            private_files.write(self.path(name), text(own))

    def _place(self, name: str) -> str:
        return str(self.path(name).relative_to(self.root))


_MAKE = "./bootstrap.sh NAME makes one"


def split(config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of a config.json that all nodes share, and those that are one node's own."""
    shared: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in config.items():
        if key in OWN:
            own[key] = value
        elif isinstance(value, dict) and (mine := {k: v for k, v in value.items() if f"{key}.{k}" in OWN}):
            own[key] = mine
            if rest := {k: v for k, v in value.items() if k not in mine}:
                shared[key] = rest
        else:
            shared[key] = value
    return shared, own


def whole(own: dict[str, Any]) -> dict[str, Any]:
    """Return what goes into the file of a node: no client_id, which is the file's name, and always `sensors`."""
    rest = {key: value for key, value in own.items() if key != "client_id"}
    return {"sensors": checked({})["sensors"]} | rest


def merged(name: str, shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return the config.json of a node."""
    given = {"client_id": name} | shared | {"client_id": name}
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(given.get(key), dict) and key not in OWN
        given[key] = given[key] | value if both else value
    return given


def text(config: dict[str, Any]) -> bytes:
    """Return JSON with one line per setting, as a node writes it, too."""
    lines = (f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in config.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def checked(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with their defaults. Raises Invalid with the board's own message."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        private_files.write(path, text(config))
        return load(path)


def give_update_key(nodes: Nodes, name: str | None, config: dict[str, Any]) -> None:
    """Put a key into a node's config.json (changed in place) unless it has its own; null is on purpose, and stays."""
    key = config.get("update_key", "")
    if key == "" or nodes.sharing(name, key):
        config["update_key"] = secrets.token_hex(32)


def give_account(config: dict[str, Any]) -> None:
    """Put an account at the broker, with the node's name, into its config.json (changed in place)."""
    mqtt = config.setdefault("mqtt", {})
    if mqtt.get("user") != config["client_id"] or len(mqtt.get("password") or "") < _MIN_PASSWORD:
        mqtt["user"], mqtt["password"] = config["client_id"], new_password()


def new_password() -> str:
    """256 random bits, as letters, digits, - and _."""
    return secrets.token_urlsafe(32)


def _read(path: Path, shown: str) -> dict[str, Any]:
    content = path.read_bytes()
    try:
        _check_json(content)
    except ValueError as e:
        raise Invalid(f"{shown} is not JSON: {e}") from e
    found = json.loads(content)
    if not isinstance(found, dict):
        raise Invalid(f"{shown} must be an object: {{...}}")
    return found


@functools.cache  # with many nodes each file is read many times
def _check_json(content: bytes) -> None:
    read_json(content)  # as strict as the board


def _first(config: dict[str, Any]) -> str | None:
    """Return the name of the first setting."""
    return next(_settings(config), None)


def _settings(config: dict[str, Any]) -> Iterator[str]:
    for key, value in config.items():
        if isinstance(value, dict) and key not in OWN:
            yield from (f"{key}.{inner}" for inner in value)
        else:
            yield key
