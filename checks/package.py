"""Check that package.json has every module of firmware/lib, for mip: python -m checks.package [--write]

mip copies what package.json lists to /lib of a board: `mpremote mip install ./package.json` in this folder.
--write makes the file anew. Exit status: 0 it is right, 1 it is not (said on standard error).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "package.json"


def package(root: Path = ROOT) -> str:
    """The text of package.json: each module with its place below /lib and its place here, and the node's version."""
    lib = root / "firmware" / "lib"
    version = re.search(r'^VERSION = "(.+)"', (lib / "node" / "__init__.py").read_text(), re.MULTILINE)
    if not version:
        raise LookupError("firmware/lib/node/__init__.py has no VERSION")
    places = sorted(str(file.relative_to(lib)) for file in lib.rglob("*.*") if file.suffix in (".py", ".txt"))
    rows = ",\n".join(f"    {json.dumps([place, f'firmware/lib/{place}'])}" for place in places)
    return f'{{\n  "version": "{version[1]}",\n  "urls": [\n{rows}\n  ]\n}}\n'


def main(arguments: list[str]) -> int:
    if arguments == ["--write"]:
        FILE.write_text(package())
        return 0
    if FILE.exists() and FILE.read_text() == package():
        return 0
    print("package.json is not what firmware/lib holds: .venv/bin/python -m checks.package --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
