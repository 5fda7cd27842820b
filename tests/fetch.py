"""Get what only tests need, by hash: python tests/fetch.py

A second esptool goes to build/esptool4, pre-commit to build/precommit, a source archive with a real ESP8266 image to
build/, the names and types of the ESP8266 port in two releases to .venv/stubs, and Home Assistant to
build/homeassistant, on the Pythons that its packages are compiled for: its tests are skipped elsewhere.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from host.console import Console  # noqa: E402
from host.failure import Exit, Failure, run  # noqa: E402
from host.image import libraries  # noqa: E402

_BUILD = ROOT / "build"
_PINS = ROOT / "host" / "requirements"


def _apart(name: str, folder: Path, *options: str) -> None:
    """Install host/requirements/NAME.txt into a folder of its own, once. Raises Failure (computer)."""
    pins = _PINS / f"{name}.txt"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    stamp = folder / "pins"
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"  {name}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options]
    command += ["--require-hashes", "--target", folder, "--requirement", pins]
    log = folder.with_name(f"{folder.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        if subprocess.run(command, stdout=output, stderr=output, check=False).returncode:
            raise Failure(
                Exit.COMPUTER,
                f"could not get the packages of {name} ({log} says why): check this computer's network and free "
                "space, then run this again",
            )
    stamp.write_text(digest)


def main() -> None:
    """Get everything that is not there yet."""
    libraries.get(Console())
    for pin in libraries.pins(_PINS / "image.txt"):
        libraries.archive(pin, _BUILD)
    for name in ("esptool4", "precommit"):
        _apart(name, _BUILD / name)
    for name in ("1.19.1", "1.29.0", "stdlib"):
        _apart(f"stubs-{name}", Path(sys.prefix) / "stubs" / name, "--no-deps")
    _home_assistant()


def _home_assistant() -> None:
    """Get Home Assistant, 240 MB when installed, or say in one line why its tests are skipped."""
    if sys.version_info >= (3, 13):
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        reason = f"homeassistant is compiled for Python 3.11 and 3.12, not {python}"
    else:
        try:
            _apart("homeassistant", _BUILD / "homeassistant", "--no-deps", "--no-compile", "--only-binary", ":all:")
            return
        except Failure as e:
            reason = str(e)
    print(f"  {reason}: its tests are skipped", file=sys.stderr)


if __name__ == "__main__":
    run(main)
