"""All nodes at a glance: one line a node, from what the broker keeps of them and what they say meanwhile.

Usage: ./node.sh list [--seconds N] [--json]
  --seconds N   how long to listen (default: 3; readings are seen when they come in that time)
  --json        one JSON object a node and line, for programs

A node is known when this computer has made it: nodes/ or config.json name it. `new here` is one that the broker knows
and this computer does not. Version: the node's, with ! when firmware/ here has another. Lines go to standard output.
Exit status: 0 all known nodes are well; 1 one is not (offline, in a fault, never heard), or config.json; 2 usage;
3 this computer; 10 no broker, or it refuses.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from host.broker import reach
from host.broker.client import Listener, Message
from host.failure import Exit, Failure, run
from host.faults import WELL, in_words
from host.settings.check import Invalid
from host.settings.nodes import Nodes

_TOPICS = ["status/+", "fault/+", "stats/+", "sensors/+/+"]
_HEAD = ("node", "state", "readings", "up", "signal", "free", "version", "fault")


@dataclass
class Node:
    """What is known of a node; None where it has not said."""

    name: str
    known: bool
    online: bool | None = None
    fault: str | None = None  # in words
    readings: dict[str, str] = field(default_factory=dict)
    stats: dict = field(default_factory=dict)

    @property
    def well(self) -> bool:
        return bool(self.online) and not self.fault

    def take(self, kind: str, rest: str, payload: str) -> None:
        """Take in a message on `kind`/<name>/`rest`."""
        if kind == "status":
            self.online = payload == "online"
        elif kind == "fault":
            words = in_words(payload)
            self.fault = None if words == WELL else words
        elif kind == "sensors":
            self.readings[rest] = payload
        else:
            self.stats = _object(payload)

    def cells(self, version: str) -> tuple[str, ...]:
        """Return the line of the table; `version`: that of firmware/ here."""
        state = {None: "never heard", True: "online", False: "offline"}[self.online]
        readings = ", ".join(f"{quantity} {value}" for quantity, value in sorted(self.readings.items()))
        has = str(self.stats.get("version", "-"))
        return (
            self.name,
            state if self.known else f"{state}, new here",
            readings or "-",
            _time(self.stats.get("uptime_s")),
            f"{self.stats['rssi']} dBm" if "rssi" in self.stats else "-",
            f"{self.stats['free']} B" if "free" in self.stats else "-",
            has if has in ("-", version) else f"{has}!",
            self.fault or "-",
        )


def gather(names: Iterable[str], messages: Iterable[Message]) -> list[Node]:
    """Return the nodes that these messages are from, beside those of `names`, sorted by name."""
    nodes = {name: Node(name, known=True) for name in names}
    for message in messages:
        kind, name, rest = [*message.topic.split("/", 2), ""][:3]
        nodes.setdefault(name, Node(name, known=False)).take(kind, rest, message.payload)
    return sorted(nodes.values(), key=lambda node: node.name)


def heard(settings: dict, seconds: float) -> Iterable[Message]:
    """Yield what nodes say in `seconds`, after what the broker kept. Raises Failure (broker)."""
    with Listener(settings, "", _TOPICS) as listener:
        if not listener.connected:
            raise Failure(Exit.BROKER, reach.trouble(settings) or f"the broker refuses: {listener.refused}")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if message := listener.next(left):
                yield message


def _object(payload: str) -> dict:
    try:
        found = json.loads(payload)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _time(seconds: object) -> str:
    if not isinstance(seconds, int):
        return "-"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _print(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line = "  ".join(cells).rstrip()
        print("".join(one if one.isprintable() else ascii(one)[1:-1] for one in line))


def main() -> None:
    parser = argparse.ArgumentParser(prog="./node.sh list", add_help=False)
    parser.add_argument("--seconds", type=float, default=3, metavar="N")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        nodes = Nodes()
        settings, names = nodes.first().settings, nodes.names()
    except Invalid as e:
        raise Failure(Exit.CONFIG, str(e)) from e
    found = gather(names, heard(settings, args.seconds))
    if args.json:
        for node in found:
            print(json.dumps(dataclasses.asdict(node) | {"well": node.well}))
    else:
        from node import VERSION  # of firmware/ here: host.settings.check has told Python where

        _print([_HEAD, *(node.cells(VERSION) for node in found)])
    ill = [node.name for node in found if node.known and not node.well]
    if ill:
        print(f"not well: {', '.join(ill)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    run(main)
