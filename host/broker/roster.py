"""All nodes at a glance: one line a node, from what the broker keeps of them and what they say meanwhile.

Usage: ./node.sh list [--seconds N] [--watch] [--json]
  --seconds N   how long to listen (default: 3)
  --watch       go on, and show the table anew every so many seconds, until Ctrl-C
  --json        one JSON object a node and line, for programs

since    when the node made its connection; exact to stats_s, with which the node tells it
reading  the latest that was heard, and its age; where none came meanwhile, how old the latest is at most
version  the node's, with ! when firmware/ here has another

A node is known when this computer has made it: nodes/ or config.json name it. `stranger` is one that the broker knows
and this computer does not. Lines go to standard output.
Exit status: 0 all known nodes are well; 1 one is not (offline, in a fault, never heard, no reading for three times as
long as one takes), or config.json; 2 usage; 3 this computer; 10 no broker, or it refuses.
"""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from host.broker import reach
from host.broker.client import Listener, Message
from host.failure import Exit, Failure, run
from host.faults import WELL, in_words
from host.settings.check import Invalid
from host.settings.nodes import Node, Nodes

_TOPICS = ["status/+", "fault/+", "stats/+"]
_HEAD = ("node", "state", "since", "reading", "age", "battery", "signal", "free", "image", "version", "fault")
_LATE = 3  # intervals without a reading: then the node is not well
_MOST = 1e9  # no number of a node reaches it; infinity, and times far off, would end this program


@dataclass
class Heard:
    """What is known about a node; None if the node has not said. `node`: what this computer knows about the node."""

    name: str
    node: Node | None
    online: bool | None = None
    fault: str | None = None  # in words
    readings: dict[str, tuple[str, float]] = field(default_factory=dict)  # by topic: the number, time.time()
    stats: dict = field(default_factory=dict)
    stats_at: float = 0.0  # time.time() of their arrival; retained ones may be older

    @property
    def state(self) -> str:
        """Return a word or two: what is wrong, or online."""
        if self.online is None:
            return "never heard"
        if not self.online:
            return "offline"
        return "no readings" if self.silent else "online"

    @property
    def silent(self) -> bool:
        """Say whether a node that is online no longer publishes readings."""
        sensors = self.node.settings["sensors"] if self.node else []
        pause_s = min(filter(None, map(_pause, sensors)), default=None)
        return pause_s is not None and not self.readings and self._number("reading_s", 0) > _LATE * pause_s

    @property
    def well(self) -> bool:
        return self.state == "online" and not self.fault

    def take(self, message: Message) -> None:
        """Take in a message of the node."""
        if message.topic == f"status/{self.name}":
            self.online = message.payload == "online"
        elif message.topic == f"fault/{self.name}":
            words = in_words(message.payload)
            self.fault = None if words == WELL else words
        elif message.topic == f"stats/{self.name}":
            self.stats, self.stats_at = _object(message.payload), time.time()
        elif not message.retained:
            self.readings[message.topic] = message.payload, time.time()

    def _number(self, key: str, default: Any = None) -> Any:
        value = self.stats.get(key)
        return value if isinstance(value, int | float) and abs(value) < _MOST else default

    @property
    def newest(self) -> tuple[str, float] | None:
        """Return the latest reading that was heard, by its quantity, and when."""
        if not self.readings:
            return None
        topic, (value, at) = max(self.readings.items(), key=lambda one: one[1][1])
        return f"{topic.rpartition('/')[2]} {value}", at

    @property
    def battery(self) -> str | None:
        """Return the voltage of the sensor that is called battery."""
        for one in self.node.settings["sensors"] if self.node else []:
            if one["name"] == "battery":
                topic = one["topics"].get("voltage", f"sensors/{self.name}/voltage")
                return self.readings.get(topic, (None, 0))[0]
        return None

    def row(self) -> dict[str, Any]:
        """Return all that is known, for programs. Times are seconds since 1970, ages seconds."""
        now = time.time()
        online_s, reading_s = self._number("online_s"), self._number("reading_s")
        newest = self.newest
        every_s = self.node.settings["stats_s"] if self.node else None
        told_s = now - self.stats_at + (every_s or 0)  # since the statistics, at most
        return {
            "name": self.name,
            "known": self.node is not None,
            "well": self.well,
            "state": self.state,
            "since": None if online_s is None or not self.online else int(self.stats_at - online_s),
            "reading": newest and newest[0],
            "age_s": int(now - newest[1]) if newest else None,
            "age_at_most_s": int(now - newest[1]) if newest else None if reading_s is None else int(reading_s + told_s),
            "battery": self.battery,
            "rssi": self._number("rssi"),
            "free": self._number("free"),
            "image": self.node.image if self.node else None,
            "version": self.stats.get("version"),
            "fault": self.fault,
        }


def cells(row: dict[str, Any], version: str) -> tuple[str, ...]:
    """Return the row's cells in the table; `version`: that of firmware/ here."""
    at_most = row["age_at_most_s"]
    age = "-" if at_most is None else _span(at_most) if row["age_s"] is not None else f"< {_span(at_most)}"
    since = row["since"]
    today = since and time.strftime("%F", time.localtime(since)) == time.strftime("%F")
    has = row["version"]
    return (
        row["name"],
        row["state"] if row["known"] else f"{row['state']}, stranger",
        time.strftime("%H:%M" if today else "%F %H:%M", time.localtime(since)) if since else "-",
        row["reading"] or "-",
        age,
        f"{row['battery']} V" if row["battery"] else "-",
        f"{row['rssi']} dBm" if row["rssi"] is not None else "-",
        f"{row['free']} B" if row["free"] is not None else "-",
        row["image"] or "-",
        "-" if has is None else str(has) if has == version else f"{has}!",
        row["fault"] or "-",
    )


class Roster:
    """The nodes that this computer knows, and those that their broker knows."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.heard = {str(node.name): Heard(str(node.name), node) for node in nodes}
        self._owners = {
            topic: name
            for name, one in self.heard.items()
            for sensor in (one.node.settings["sensors"] if one.node else [])
            for topic in sensor["topics"].values()
        }

    def topics(self) -> list[str]:
        """Return the topic filters of all messages about nodes."""
        # RabbitMQ does not send retained messages to filters with wildcards.
        kept = [topic.replace("+", name) for name in self.heard for topic in _TOPICS]
        return [*_TOPICS, *kept, "sensors/+/+", *self._owners]

    def take(self, message: Message) -> None:
        """Take in a message."""
        name = self._owners.get(message.topic) or message.topic.split("/")[1]
        self.heard.setdefault(name, Heard(name, None)).take(message)

    def rows(self) -> list[dict[str, Any]]:
        """Return what is known of each node, sorted by name."""
        return [self.heard[name].row() for name in sorted(self.heard)]


def _pause(sensor: dict) -> float | None:
    """Return the longest time, in s, between two readings of a sensor that works; None: no limit."""
    if "delta" not in sensor:
        return sensor["every_s"]
    longest_s = sensor.get("heartbeat_s")
    return longest_s and max(longest_s, sensor["every_s"])


def _object(payload: str) -> dict:
    try:
        found = json.loads(payload)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _span(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _show(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    from node import VERSION  # of firmware/ here: host.settings.check has put firmware/lib on sys.path

    if as_json:
        for row in rows:
            print(json.dumps(row))
    else:
        table = [_HEAD, *(cells(row, VERSION) for row in rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for line in table:
            text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            print("".join(one if one.isprintable() else ascii(one)[1:-1] for one in text))
    sys.stdout.flush()


def _listen(listener: Listener, roster: Roster, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if message := listener.next(left):
            roster.take(message)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./node.sh list", add_help=False)
    parser.add_argument("--seconds", type=float, default=3, metavar="N")
    parser.add_argument("--watch", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        nodes = Nodes()
        settings = nodes.first().settings
        roster = Roster(nodes.get(name) for name in nodes.names())
    except Invalid as e:
        raise Failure(Exit.CONFIG, str(e)) from e
    with Listener(settings, "", roster.topics()) as listener:
        if not listener.connected:
            raise Failure(Exit.BROKER, reach.absence(settings, listener.refused))
        _listen(listener, roster, args.seconds)
        with contextlib.suppress(KeyboardInterrupt):
            while args.watch:
                print("\x1b[H\x1b[J" * sys.stdout.isatty(), end="")
                _show(roster.rows(), args.json)
                _listen(listener, roster, args.seconds)
    rows = roster.rows()
    _show(rows, args.json)
    if ill := [row["name"] for row in rows if row["known"] and not row["well"]]:
        print(f"not well: {', '.join(ill)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    run(main)
