"""Get what only tests need, by hash: python tests/fetch.py

A second esptool goes to build/esptool4, pre-commit to build/precommit, a source archive with a real ESP8266 image to
build/, the names and types of the ESP8266 port in two releases to .venv/stubs, and Home Assistant to
build/homeassistant, where it can be had: its test is skipped elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from host.console import Console  # noqa: E402
from host.failure import run  # noqa: E402
from host.image import libraries  # noqa: E402

_BUILD = ROOT / "build"
_PINS = ROOT / "host" / "requirements"


def _apart(name: str, folder: Path, *options: str) -> None:
    """Install host/requirements/NAME.txt into a folder of its own, once."""
    pins = _PINS / f"{name}.txt"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    stamp = folder / "pins"
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"  {name}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options]
    subprocess.run([*command, "--require-hashes", "--target", folder, "--requirement", pins], check=True)
    stamp.write_text(digest)


def main() -> None:
    """Get all of it; nothing to do the second time."""
    libraries.get(Console())
    for pin in libraries.pins(_PINS / "image.txt"):
        libraries.archive(pin, _BUILD)
    for name in ("esptool4", "precommit"):
        _apart(name, _BUILD / name)
    for name in ("1.19.1", "1.29.0", "stdlib"):
        _apart(f"stubs-{name}", Path(sys.prefix) / "stubs" / name, "--no-deps")
    # 7 s, 46 MB to fetch, 240 MB in place. Its packages are compiled ones, for x86-64 and Python 3.11 and 3.12.
    with contextlib.suppress(subprocess.CalledProcessError):
        _apart("homeassistant", _BUILD / "homeassistant", "--no-deps", "--no-compile", "--only-binary", ":all:")


if __name__ == "__main__":
    run(main)
