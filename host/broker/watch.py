"""What the nodes say, one line a message: time, node, topic and payload in columns, faults in words.

Usage: ./node.sh watch [FILTER...] [--host NAME] [--port N] [--user NAME]
  FILTER         MQTT topic filters, as 'fault/#' or 'sensors/+/lux' (default: everything but the pieces of updates, and
                 their answers; '#': these, too)
  --host NAME    the broker (default: mqtt.server of config.json)
  --port N       its port (default: mqtt.port of config.json, or 1883)
  --user NAME    log in as somebody else than mqtt.user of config.json; asks for the password

It is mosquitto_sub with its output laid out. Lines go to standard output, messages to standard error.
Exit status: 0 ended by Ctrl-C, 1 config.json, 2 wrong usage, 3 this computer lacks something (said which),
10 no broker, or it refuses.
"""

import argparse
import contextlib
import datetime
import getpass
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from host import private_files
from host.broker import people, reach
from host.broker.servers import Server, servers
from host.console import ROOT
from host.failure import Exit, Failure, run
from host.faults import in_words
from host.settings.check import Invalid
from host.settings.nodes import Nodes, checked

# Topics whose second level is the node.
_KINDS = ("connect", "status", "disconnect", "sensors", "late", "fault", "stats", "cmd", "reply")
_TRY_S = 5


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./node.sh watch", add_help=False)
    parser.add_argument("filters", nargs="*", metavar="FILTER")
    parser.add_argument("--host", metavar="NAME")
    parser.add_argument("--port", type=int, metavar="N")
    parser.add_argument("--user", metavar="NAME")
    return parser.parse_args()


def broker(args: argparse.Namespace, root: Path = ROOT) -> dict[str, Any]:
    """Return server, port, user and password: those of config.json, unless the command line has others.

    Raises Failure (config) when config.json is wrong, or missing and needed, (usage) when the command line is.
    """
    found: dict[str, Any] = {"server": None, "port": 1883, "user": None, "password": None}
    nodes = Nodes(root)
    if nodes.config.exists() or not args.host:
        try:
            found = nodes.first().settings["mqtt"]
            found["user"], found["password"] = people.account(found)
        except Invalid as e:
            raise Failure(Exit.CONFIG, f"{e}: or say --host NAME") from e
    if args.user and args.user != found["user"]:
        found["user"], found["password"] = args.user, getpass.getpass(f"password of {args.user}: ")
    if args.host:
        found["server"] = args.host
    found["port"] = args.port or found["port"]
    try:
        checked({"mqtt": {key: found[key] for key in ("server", "port")}})
    except Invalid as e:
        raise Failure(Exit.USAGE, f"--host, --port: {e}") from e
    found["server"], found["port"] = _reachable(servers(found))
    return found


def _reachable(given: list[Server]) -> Server:
    """Return the first server that listens. Raises Failure (broker) when none does."""
    for server in given:
        with contextlib.suppress(OSError):
            socket.create_connection(server, _TRY_S).close()
            return server
    raise Failure(Exit.BROKER, reach.silence(given))


class Columns:
    """Lines of time, node, topic and payload, in columns that grow with the messages."""

    def __init__(self) -> None:
        self._widths = [14, 12]  # feather-1a2b3c, sensors/lux

    def line(self, message: dict[str, Any], now: datetime.datetime) -> str:
        """Return the line for a message as `mosquitto_sub -F %j` prints it."""
        topic, payload = message["topic"], str(message.get("payload") or "")
        kind, _, rest = topic.partition("/")
        node, _, rest = rest.partition("/")
        if kind in _KINDS and node:
            what = f"{kind}/{rest}" if rest else kind
            payload = in_words(payload) if kind == "fault" else payload
        else:
            node, what = "-", topic
        cells = [f"{now:%Y-%m-%d %H:%M:%S}"]
        for i, cell in enumerate((node, what)):
            self._widths[i] = max(self._widths[i], len(cell))
            cells.append(cell.ljust(self._widths[i]))
        kept = "  (kept by the broker)" if message.get("retain") else ""
        return _visible("  ".join([*cells, payload]) + kept).rstrip()


def _is_piece(message: dict[str, Any]) -> bool:
    """Say whether this is a piece of an update over the air, or its answer: hundreds in a few seconds."""
    kind, _, rest = message["topic"].partition("/")
    answer = kind == "reply" and rest.endswith("/update") and str(message.get("payload") or "").startswith("ok")
    return kind == "update" or answer


def _visible(text: str) -> str:
    """Return text in one line, with nothing that a terminal would take for a control sequence."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _secrets(folder: Path, user: str | None, password: str | None) -> None:
    """Write the file in which mosquitto_sub looks for options: every user can read a command line."""
    options = [f"--{name} {value}\n" for name, value in (("username", user), ("pw", password)) if value]
    private_files.write(folder / "mosquitto_sub", "".join(options).encode())


@contextlib.contextmanager
def _subscribed(at: dict[str, Any], filters: list[str]) -> Iterator[subprocess.Popen[str]]:
    words = ["mosquitto_sub", "-h", at["server"], "-p", str(at["port"]), "-F", "%j"]
    words += [word for one in filters for word in ("-t", one)]
    with tempfile.TemporaryDirectory() as folder:
        _secrets(Path(folder), at["user"], at["password"])
        process = subprocess.Popen(
            words,
            env=os.environ | {"XDG_CONFIG_HOME": folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        try:
            yield process
        finally:
            process.kill()  # it may hang at a second signal, after Ctrl-C's, and it has nothing to clean up
            process.wait()


def watch(at: dict[str, Any], filters: list[str]) -> None:
    """Print all messages until mosquitto_sub ends; no filters: all but pieces of updates. Raises Failure (broker)."""
    columns = Columns()
    with _subscribed(at, filters or ["#"]) as process:
        assert process.stdout and process.stderr
        for line in process.stdout:
            message = json.loads(line)
            if filters or not _is_piece(message):
                print(columns.line(message, datetime.datetime.now()), flush=True)
        said = process.stderr.read().strip()
        code = process.wait()
    raise Failure(Exit.BROKER, f"{at['server']}:{at['port']} does not serve us ({said or f'exit {code}'})")


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(Exit.OK))
    args = parse()
    with contextlib.suppress(KeyboardInterrupt):
        watch(broker(args), args.filters)


if __name__ == "__main__":
    run(main)
