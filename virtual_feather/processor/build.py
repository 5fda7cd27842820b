"""Builds the program that stands in for the ESP8266's processor: MicroPython's ports/esp8266 and lwIP over sdk/*.c.

It is one static 32-bit executable for each firmware image that a board starts, and for each state of sources, flags and
our files. ~/.cache/huzzah-node/processor keeps them.

    python -m virtual_feather.processor.build [IMAGE...]    in advance, of these images or of all
    python -m virtual_feather.processor.build --missing     the packages that a build needs and this computer lacks
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

from ..errors import UserError
from ..layouts import LAYOUTS, Layout
from .builder import RECIPE, SDK, Builder
from .pace import KINDS
from .sources import LWIP, MICROPYTHON, cache
from .toolchain import Tools, candidates, missing_packages, tools

_SEEN_BY_THE_PORT = ("include/**/*", "lwip/**/*", "frozen/**/*", "manifest*.py")


def executable(layout: Layout, paced: bool = False) -> Path:
    """The processor for an image; built if need be. paced: it counts branches (sdk/pace.c). Raises UserError."""
    for kit in candidates():
        file = _file(layout, kit, paced)
        if file.exists():
            return file
    kit = tools()
    file = _file(layout, kit, paced)
    folder = cache() / "port" / _digest(kit, paced, *_SEEN_BY_THE_PORT)
    for place in (folder, file.parent):
        place.mkdir(parents=True, exist_ok=True)
    with (folder / f"{layout.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two boards that start together: the second waits, then finds it done
        if not file.exists():
            _build(layout, kit, paced, folder, file)
    return file


def _file(layout: Layout, kit: Tools, paced: bool) -> Path:
    """The executable's path; its name has the layout's name and a digest of the REPL's greeting."""
    banner = hashlib.sha256(layout.banner.encode()).hexdigest()[:8]
    return cache() / _digest(kit, paced, "*.[ch]", *_SEEN_BY_THE_PORT) / f"feather-{layout.name}-{banner}"


def _digest(kit: Tools, paced: bool, *patterns: str) -> str:
    """A digest of a build's inputs: tools, flags, sources, and our files that match `patterns`."""
    digest = hashlib.sha256(repr((kit, paced and KINDS, MICROPYTHON, LWIP, RECIPE)).encode())
    for file in sorted(file for pattern in patterns for file in SDK.glob(pattern) if file.is_file()):
        digest.update(str(file.relative_to(SDK)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _build(layout: Layout, kit: Tools, paced: bool, folder: Path, file: Path) -> None:
    print(f"building the processor for {layout.banner}: a minute or two, once", file=sys.stderr, flush=True)
    log = file.with_suffix(".log")
    with log.open("w") as output:
        builder = Builder(layout, kit, paced, folder, output)
        try:
            builder.port_object()
            if paced:
                builder.sort_by_kind()
                builder.port_object()
            builder.link(file)
        except subprocess.CalledProcessError as error:
            raise UserError(f"the processor could not be built: {log} says why") from error


def main(names: list[str]) -> int:
    """Build the named images, or all; the exit status."""
    rows = {row.name: row for row in LAYOUTS}
    try:
        if names == ["--missing"]:
            print(*missing_packages(), sep="\n", end="")
            return 0
        for name in names or rows:
            print(executable(rows[name]))
    except KeyError as error:
        print(f"no image {error}: there are {', '.join(rows)}", file=sys.stderr)
        return 2
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
