"""Makes the settings of a node, from questions or from --set KEY=VALUE: config.json, and nodes/NAME.json.

They hold passwords, which are not shown, and only the owner may read the files.
"""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host.broker import mosquitto, people
from host.console import ROOT, Console
from host.failure import Exit, Failure
from host.settings import questions
from host.settings.check import Invalid
from host.settings.config_file import assign, differences, parted, problem, typed
from host.settings.move_over import move_over
from host.settings.nodes import Node, Nodes, give_account, give_update_key, merged, split

EXAMPLE = ROOT / "config.example.json"


@dataclass
class Preparation:
    """One run. `name`: a node that has, or is to have, a file of its own; None: the nodes that config.json is for.

    possible: returns why this computer's broker cannot be set up, or None.
    """

    console: Console
    name: str | None = None
    root: Path = ROOT
    possible: Callable[[], str | None] = lambda: None

    def __post_init__(self) -> None:
        self._nodes = Nodes(self.root)

    def run(self, assignments: Sequence[str] = (), account: bool = False) -> tuple[Node, bool]:
        """Make valid settings with `assignments` ("wifi.ssid=attic") in them; return a node that has them.

        A new node gets a key for updates over the air, and an account at the broker on this computer if `account` or
        the user's answer says so: the second value returned. What exists is changed only after a yes.

        Raises Failure (config) with the message of the settings check, (usage) when there is no terminal to ask on.
        """
        try:
            move_over(self.console, self._nodes)
            old = self._present()
            new = self._beginning() if old is None else copy.deepcopy(old)
            for assignment in assignments:
                key, value = parted(assignment)
                assign(new, key, typed(key, value))
            if old is None and not assignments:
                account = self._ask(new, account)
            account = self._give_secrets(new, account or (old is None and self._has_broker()))
            self._keep(old, new)
            self._close()
            return self._nodes.get(self.name) if self.name else self._nodes.first(), account
        except Invalid as e:
            raise Failure(Exit.CONFIG, f"{e}: correct it, or remove the file to be asked again") from e

    def _present(self) -> dict | None:
        """Return the config.json that is there, of this node or of all; None for a new one."""
        nodes = self._nodes
        if not nodes.config.exists() or (self.name and self.name not in nodes.names()):
            return None
        return nodes.get(self.name).given if self.name or nodes.alone() else nodes.shared()

    def _beginning(self) -> dict:
        """Return what a new config.json begins with."""
        example = json.loads(EXAMPLE.read_text())
        del example["update_key"]  # null would mean that there are to be no updates
        if not self.name:
            return example
        mosquitto.check_name(self.name)
        shared, own = split(example)
        if self._nodes.config.exists():
            shared, others = split(self._nodes.shared())
            if not self._nodes.names():  # settings of a node without a name, which this node now takes over
                own |= others
        return merged(self.name, shared, own | {"client_id": self.name})

    def _has_broker(self) -> bool:
        """Say whether a further node gets an account, since a broker was set up on this computer."""
        return bool(self.name and people.password())

    def _ask(self, config: dict, account: bool) -> bool:
        """Fill in the settings, in place, from answers. Returns whether the broker here is to have an account."""

        def put(key: str, answer: Any) -> str | None:
            before = copy.deepcopy(config)
            assign(config, key, answer)
            why = problem(config)
            if why:
                config.clear()
                config.update(before)
            return why

        if self.name and self._nodes.config.exists():
            if not self.console.assume_yes:
                questions.sensors(self.console, put)
                if not account and not self._has_broker():
                    questions.account(self.console, put, config)
            return account
        questions.wifi(self.console, put)
        if account:
            questions.here(self.console, put)
        elif not questions.broker(self.console, put, config, self.possible):
            return False
        if not self.name:
            questions.name(self.console, put)
        return True

    def _give_secrets(self, config: dict, account: bool) -> bool:
        """Put an update key and, if wanted, an account into the settings, in place. Returns whether there is one."""
        nodes = self._nodes
        if not self.name and not nodes.alone():
            for name in nodes.names() if account else []:
                given = nodes.get(name).given
                give_account(given)
                nodes.put(name, given)
            return account
        give_update_key(nodes, self.name or config.get("client_id"), config)
        if account:
            mosquitto.check_name(config.get("client_id"))
            give_account(config)
        return account

    def _keep(self, old: dict | None, new: dict) -> None:
        nodes, console = self._nodes, self.console
        in_config = not self.name or (nodes.alone() and self.name in nodes.names())
        place = "config.json" if in_config else f"nodes/{self.name}.json"
        if new == old:
            console.note(f"  {place} is there and stays as it is")
            return
        nodes.check(self.name, new)
        if why := problem(new):
            raise Failure(Exit.CONFIG, f"{why}: nothing was changed")
        if old is not None:
            console.note(f"  {place} is there; these settings would change:")
            for line in differences(old, new):
                console.note(f"    {line}")
            if not console.ask(f"change {place}?"):
                raise Failure(Exit.USAGE, f"{place} stays as it is, as you said")
        if not new.get("wifi", {}).get("ssid"):
            console.note("  wifi.ssid is empty: the node will join no network")
        if self.name and self.name not in nodes.names():
            make_room(console, nodes)
        nodes.put(self.name, new)
        done = "is made" if old is None else "is changed"
        console.note(f"  {place} {done}: nano {place} shows its settings, docs/settings.md explains them")

    def _close(self) -> None:
        """Let only the owner read these files, whoever has made them."""
        for path in (self._nodes.config, *self._nodes.folder.glob("*.json")):
            path.chmod(0o600)


def make_room(console: Console, nodes: Nodes) -> None:
    """Before a further node is added, move what config.json has of the only node to that node's file."""
    for name in nodes.names() if nodes.alone() else []:
        nodes.settle(name)
        console.note(f"  what config.json had of {name} alone is in nodes/{name}.json now")
