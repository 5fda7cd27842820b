"""What only this computer and one node know: keys/<id>.json, for its owner alone.

The password of the node's account at the broker, and the key that its updates are signed with. config.json has those of
the node that it describes; this folder has those of every node that was made here, so that one can be flashed again.
"""

import json
import secrets
from pathlib import Path

from host import private_files
from host.console import ROOT

FOLDER = ROOT / "keys"
PEOPLE = "people"  # account of the people and tools on this computer: no node's name
_MIN_PASSWORD = 20  # characters; a shorter one is not ours, and could be guessed


def known(name: str | None, folder: Path = FOLDER) -> dict[str, str]:
    """Return {"password", "update_key"} of a node or of PEOPLE, as far as there are any."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text()) if name and path.exists() else {}


def names(folder: Path = FOLDER) -> set[str]:
    """Return the names of all nodes that are known here."""
    return {path.stem for path in folder.glob("*.json")} - {PEOPLE}


def remember(name: str, folder: Path = FOLDER, **new: str | None) -> None:
    """Keep what is given of a node's "password" and "update_key"; None changes nothing."""
    old = known(name, folder)
    now = old | {key: value for key, value in new.items() if value}
    if now != old:
        private_files.write(folder / f"{name}.json", json.dumps(now, indent=2).encode() + b"\n")


def give_update_key(config: dict, folder: Path = FOLDER) -> None:
    """Put a key into a node's config.json (changed in place) unless it has one of its own; null, on purpose, stays."""
    key = config.get("update_key", "")
    name = config.get("client_id")
    if key == "" or sharing(name, key, folder):
        kept = known(name, folder).get("update_key")
        config["update_key"] = secrets.token_hex(32) if not kept or sharing(name, kept, folder) else kept


def give_account(config: dict, folder: Path = FOLDER) -> None:
    """Put an account at the broker, called like the node, into its config.json (changed in place)."""
    name = config["client_id"]
    mqtt = config.setdefault("mqtt", {})
    if mqtt.get("user") != name or len(mqtt.get("password") or "") < _MIN_PASSWORD:
        mqtt["user"] = name
        mqtt["password"] = known(name, folder).get("password") or new_password()


def new_password() -> str:
    """256 random bits, as letters, digits, - and _."""
    return secrets.token_urlsafe(32)


def account_for_tools(mqtt: dict, folder: Path = FOLDER) -> tuple[str | None, str | None]:
    """Return user and password with which this computer hears a node that has the settings `mqtt`.

    A node's own account may read nothing but its commands. Where bootstrap.sh --broker has made it, we have another.
    """
    people = known(PEOPLE, folder).get("password")
    if people and mqtt["user"] and known(mqtt["user"], folder).get("password") == mqtt["password"]:
        return PEOPLE, people
    return mqtt["user"], mqtt["password"]


def sharing(name: str | None, update_key: str | None, folder: Path = FOLDER) -> list[str]:
    """Return the other nodes that have this update_key."""
    names = sorted(path.stem for path in folder.glob("*.json"))
    return [other for other in names if other != name and known(other, folder).get("update_key", "") == update_key]
