"""Converts a clone from before nodes/: what keys/ and config.json have of a node goes to its file."""

import itertools
import json

from host import private_files
from host.broker import people
from host.console import Console
from host.settings.nodes import Nodes, split, text, whole


def move_over(console: Console, nodes: Nodes) -> None:
    """Make nodes/ from keys/, if that exists; keys/ itself goes to backup/. Raises Invalid for a bad config.json.

    The sensors of nodes other than that of config.json are on their boards only: flash.sh takes them from there.
    """
    old = nodes.root / "keys"
    if not old.is_dir():
        return
    kept = {path.stem: json.loads(path.read_text()) for path in sorted(old.glob("*.json"))}
    config = nodes.shared()
    shared, own = split(config)
    named = own.get("client_id")
    if word := kept.pop(people.NAME, {}).get("password"):
        people.keep(word, shared.get("mqtt", {}).get("port", 1883))
    key = config.get("update_key")
    here = [named] if named else [name for name in kept if key and kept[name].get("update_key") == key]
    for name in sorted({*kept, *here}):
        found = _board(nodes, name) | _secrets(name, kept.get(name, {})) | (whole(own) if name in here else {})
        nodes.write(name, nodes.own(name) | found)  # own: from a run that was stopped after this line
    if here:
        private_files.write(nodes.config, text(shared))
    backup = nodes.root / "backup"
    backup.mkdir(mode=0o700, exist_ok=True)
    places = (backup / f"keys{f'-{number}' if number else ''}" for number in itertools.count())
    old.rename(next(place for place in places if not place.exists()))
    if kept or here:
        console.note(
            "  each node has a file of its own now, nodes/NAME.json, with what keys/ and config.json had of it;"
        )
        console.note("  config.json has what all nodes share; keys/ is in backup/ (docs/nodes.md)")


def _secrets(name: str, kept: dict[str, str]) -> dict:
    account = {"mqtt": {"user": name, "password": kept["password"]}} if kept.get("password") else {}
    return account | ({"update_key": kept["update_key"]} if kept.get("update_key") else {})


def _board(nodes: Nodes, name: str) -> dict[str, str]:
    """Return the MAC of a node whose name is made of it, if its board was flashed here."""
    found = [path.parent.name for path in nodes.root.glob("backup/*/deployed.json")]
    return next(({"mac": mac} for mac in found if name == f"feather-{mac[6:]}"), {})
