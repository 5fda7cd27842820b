"""Get what only tests need, by hash: python tests/fetch.py

A second esptool goes to build/esptool4, a source archive with a real ESP8266 image to build/.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from host import libraries  # noqa: E402
from host.console import Console  # noqa: E402
from host.failure import run  # noqa: E402

_BUILD = ROOT / "build"
_PINS = ROOT / "host" / "requirements"


def _second_esptool() -> None:
    pins, folder = _PINS / "esptool4.txt", _BUILD / "esptool4"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    stamp = folder / "pins"
    if stamp.exists() and stamp.read_text() == digest:
        return
    print("  esptool 4", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--require-hashes", "--target", folder, "--requirement", pins], check=True)
    stamp.write_text(digest)


def main() -> None:
    """Get all of it; nothing to do the second time."""
    libraries.get(Console())
    for pin in libraries.pins(_PINS / "image.txt"):
        libraries.archive(pin, _BUILD)
    _second_esptool()


if __name__ == "__main__":
    run(main)
