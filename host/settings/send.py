"""Change settings of a node over the air, and keep its file here the same.

Usage: ./node.sh set [--dry-run] NAME KEY=VALUE...
  NAME       of a node (client_id); it must be awake and connected
  KEY=VALUE  as in sensors.0.every_s=10: docs/settings.md has them all
  --dry-run  check the change and show it, send nothing

The change is checked here, then sent (`set`, docs/commands.md). When the node has answered, nodes/NAME.json, or the
config.json of a node that is alone, has the change too, and the node starts again with it.

Exit status: 0 node and file have the change; 1 it is invalid, or shared by several nodes; 2 usage; 3 this computer;
9 the node did not answer; 10 no broker, or it refuses; 11 the node refuses; 130 Ctrl-C.
"""

import argparse
import copy
import json
import re
import time
from collections.abc import Callable
from typing import Any, Self

from host.broker import reach
from host.broker.client import Listener
from host.console import Console
from host.failure import Exit, Failure, run
from host.settings.check import Invalid
from host.settings.config_file import assign, differences, parted, problem, typed
from host.settings.nodes import Node, Nodes, split

_ANSWER_S = 60.0  # images without ROMFS answer after a start


def main() -> None:
    parser = argparse.ArgumentParser(prog="./node.sh set", add_help=False)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("assignments", nargs="+", metavar="KEY=VALUE")
    parser.add_argument("--dry-run", action="store_true")
    args = parser.parse_args()
    console = Console(dry_run=args.dry_run)
    nodes = Nodes()
    try:
        node = nodes.get(args.name)
        changes = {_dotted(key): typed(key, value) for key, value in map(parted, args.assignments)}
        given = changed(nodes, node, changes)
    except Invalid as e:
        raise Failure(Exit.CONFIG, f"{e} (nothing was sent)") from e
    for line in differences(node.given, given):
        console.note(f"  {line}")
    if not args.dry_run:
        with Conversation(node, args.name) as conversation:
            conversation.send(changes)
            nodes.put(args.name, given)
            conversation.wait()
        print(f"{args.name} has the change, and so has its file here")


def _dotted(key: str) -> str:
    """Return a key as nodes take it: sensors.0.every_s for sensors[0].every_s."""
    return re.sub(r"\[(\d+)\]", r".\1", key)


def changed(nodes: Nodes, node: Node, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the node's config.json with the changes. Raises Failure (config)."""
    given = copy.deepcopy(node.given)
    for key, value in changes.items():
        assign(given, key, value)
    if why := problem(given):
        raise Failure(Exit.CONFIG, f"{why} (nothing was sent)")
    if given.get("client_id") != node.given.get("client_id"):
        raise Failure(
            Exit.CONFIG, "client_id is what the node's file, account and topics are called: ./flash.sh sets it"
        )
    if not nodes.alone() and (lines := differences(nodes.shared(), split(given)[0])):
        raise Failure(
            Exit.CONFIG,
            f"{lines[0].partition(':')[0]} is what all nodes share: ./bootstrap.sh --set ... changes it, "
            "then ./flash.sh --files-only each board (nothing was sent)",
        )
    return given


class Conversation:
    """A `set` to one node, as a context manager. Raises Failure (broker) without a broker."""

    def __init__(self, node: Node, name: str) -> None:
        self._settings, self._name = node.settings, name
        self._listener = Listener(node.settings, name, [f"reply/{name}/set", f"status/{name}"])
        self._away = self._back = False

    def __enter__(self) -> Self:
        listener = self._listener.__enter__()
        if not listener.connected:
            raise Failure(Exit.BROKER, reach.absence(self._settings, listener.refused))
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.__exit__(*error)

    def send(self, changes: dict[str, Any]) -> None:
        """Send the changes; return when the node has accepted them. Raises Failure (refused, silent)."""
        payload = json.dumps(changes, ensure_ascii=False, separators=(",", ":"))
        self._listener.publish(f"cmd/{self._name}/set", payload.encode())
        answer = self._hear(lambda answer: answer)
        if not answer:
            raise Failure(
                Exit.SILENT,
                f"{self._name} does not answer: ./node.sh list says whether it is online (its file here is as it was)",
            )
        if answer != "ok":
            raise Failure(Exit.REFUSED, f"{self._name} refuses: {answer.removeprefix('error: ')}")

    def wait(self) -> None:
        """Wait until the node has started again, and is online. Raises Failure (silent)."""
        self._hear(lambda _: self._back)
        if not self._back:
            raise Failure(
                Exit.SILENT,
                f"{self._name} has the change, and so has its file here, but it is not back: its LED says why",
            )

    def _hear(self, enough: Callable[[str | None], object]) -> str | None:
        """Return the node's answer, or None if there was none; wait until `enough(answer)` is true."""
        answer = None
        deadline = time.monotonic() + _ANSWER_S
        while not enough(answer) and (left := deadline - time.monotonic()) > 0:
            message = self._listener.next(min(left, 1.0))
            if message and message.topic.startswith("status/"):
                self._back = self._away and message.payload == "online"
                self._away = self._away or message.payload == "offline"
            elif message:
                answer = message.payload
        return answer


if __name__ == "__main__":
    run(main)
