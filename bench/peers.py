"""The libraries this node is compared with: fetched once, checked by hash (host/requirements/bench.txt)."""

from __future__ import annotations

from pathlib import Path

from bench.compiled import compile_tree
from host.console import ROOT, Console
from host.image import libraries

_PINS = ROOT / "host" / "requirements" / "bench.txt"
_FOLDER = ROOT / "build" / "bench" / "peers"


def get() -> None:
    """Get all of them, including umqtt.simple."""
    libraries.get(Console())
    libraries.get(Console(), _FOLDER, pinned=_PINS)


def compile_all(target: Path) -> None:
    """Compile them into `target`."""
    compile_tree(libraries.FOLDER / "umqtt", target / "umqtt")
    compile_tree(_FOLDER / "umqtt", target / "umqtt")
    compile_tree(_FOLDER / "src", target)  # an archive also has tests and examples, beside src


def versions() -> dict[str, str]:
    """Name and version of each."""
    return {pin.name.removeprefix("micropython-"): pin.version for pin in [*libraries.pins(), *libraries.pins(_PINS)]}
