"""Check config.json as the board does, with the board's own table and sentences.

python -m host.settings.check config.json
    Exit 0: it is right. 1: it is not, and why on standard error. 2: the command line.
python -m host.settings.check --markdown
    Print docs/settings.md.
"""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LIB = ROOT / "firmware" / "lib"

# The device's own files, which need only this part of MicroPython: they execute nothing when they are imported.
_micropython = ModuleType("micropython")
_micropython.const = lambda value: value  # type: ignore[attr-defined]
sys.modules.setdefault("micropython", _micropython)
sys.path.insert(0, str(LIB))
from node import config_file, schema  # noqa: E402
from node.config_file import Invalid  # noqa: E402
from node.jobs import entities  # noqa: E402
from node.json_reader import read as read_json  # noqa: E402
from node.schema import NoRoom  # noqa: E402

__all__ = ["OWN", "Drivers", "Invalid", "NoRoom", "entities", "load", "main", "markdown", "read_json", "rows"]

# When there are several nodes, these settings are one node's own; all others are shared.
OWN = (
    *("client_id", "wifi.hostname", "mqtt.user", "mqtt.password"),
    *("sensors", "pins", "outbox", "sleep", "update_key"),
)


# A board drops a driver after asking it, and collects its heap: for fifty nodes that would take seconds here.
_options = functools.cache(schema.Drivers().options)
_quantities = functools.cache(schema.Drivers().quantities)


class Drivers(schema.Drivers):
    """The drivers in firmware/lib/node/sensors, for an image."""

    def __init__(self, image: str = "romfs") -> None:
        self._image = image

    def image(self) -> str:
        return self._image

    def names(self) -> list[str]:
        return sorted(path.stem for path in (LIB / "node" / "sensors").glob("[!_]*.py"))

    def options(self, driver: str) -> str:
        return _options(driver)

    def quantities(self, driver: str) -> list[str]:
        return _quantities(driver)


def load(path: str | Path = "config.json", image: str = "romfs") -> dict[str, Any]:
    """The settings with every default filled in. Raises Invalid with the message of a board with `image`."""
    return config_file.load(str(path), Drivers(image))


_HEAD = """\
# Settings: config.json

This page is made from the table that the board and `.venv/bin/python -m host.settings.check config.json` check with:
`.venv/bin/python -m host.settings.check --markdown > docs/settings.md`.

config.json is one JSON object in the root of the board's file system, of at most 4096 bytes. Every key may be left out
unless its default says otherwise; a key that is not on this page is an error. `null` means derived, automatic or off.
`./bootstrap.sh` makes config.json from `config.example.json`.

When the file is missing or wrong the board blinks fault 8 and says on the REPL which key it is and what is allowed. It
takes no readings then; if `client_id`, `wifi` and `mqtt` are right it also publishes the sentence on `fault/<id>`.

A change takes effect at the next start: press Ctrl-D at the prompt.

With several nodes ([nodes.md](nodes.md)) a key with `*`, and what it contains, is one node's own, in
`nodes/<client_id>.json`. All others are shared, in `config.json`. A board gets the two as one.
"""
_TABLE = "| key | default | allowed | meaning |\n| --- | --- | --- | --- |\n"


def markdown() -> str:
    """docs/settings.md."""
    parts = [_HEAD, "## The node\n", _rows(rows())]
    for key, kind, *_, meaning in rows():
        if kind in ("object", "list"):
            parts += [f"## {key}\n", f"{meaning}\n", _rows(rows(f"{key}[]." if kind == "list" else f"{key}."), key)]
        if key == "wifi":
            parts += ["An entry of `others`:\n", _rows(rows("wifi.others[]."))]
        if key == "sensors":
            parts += _drivers()
    return "\n".join(parts)


def rows(under: str = "") -> list[list[str]]:
    """Rows of the object `under` of schema.txt, each as a list of its columns: the last one is the meaning."""
    lines = (LIB / "node" / "schema.txt").read_text(encoding="utf-8").splitlines()
    found = [line.removeprefix(under).split("|") for line in lines if line.startswith(under)]
    return [row for row in found if "." not in row[0]]


def _drivers() -> list[str]:
    """A section for each driver: what it measures, and the options that only it takes."""
    drivers = Drivers()
    parts = []
    for driver in drivers.names():
        quantities = ", ".join(drivers.quantities(driver))
        own = [line.split("|") for line in drivers.options(driver).splitlines()]
        parts.append(f"### {driver}\n\nMeasures {quantities}. {'It also takes:' if own else ''}\n")
        parts += [_rows(own)] if own else []
    return parts


def _rows(table: list[list[str]], under: str = "") -> str:
    """A Markdown table of rows of the schema; `under`: the object that they are in."""
    names = ",".join(Drivers().names())
    lines = []
    for key, kind, default, allowed, unit, meaning in table:
        may = "an object" if kind == "object" else schema.wanted(kind, names if kind == "driver" else allowed, unit)
        shown = {"": "must be given", "-": "off"}.get(default, f"`{default}`")
        own = " *" * ((f"{under}.{key}" if under else key) in OWN)
        lines.append(f"| `{key}`{own} | {shown} | {may} | {meaning} |\n")
    return _TABLE + "".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m host.settings.check", description="Check config.json as the board does."
    )
    parser.add_argument("file", nargs="?", help="the config.json to check")
    parser.add_argument("--markdown", action="store_true", help="print docs/settings.md")
    options = parser.parse_args(arguments)
    if bool(options.file) == options.markdown:
        parser.error("name one file, or give --markdown")
    if options.markdown:
        sys.stdout.write(markdown())
        return 0
    try:
        load(options.file)
    except Invalid as e:
        print(e, file=sys.stderr)
        return 1
    print(f"{options.file} is valid", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
