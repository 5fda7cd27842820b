"""Get the device libraries that an image may lack, from the configured Python index: python -m host.image.libraries

They are bare source archives, which pip refuses to install; host/requirements/device.txt pins them by hash. The
archives stay in ~/.cache/huzzah-node, the sources go to build/device_libs.
"""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import httpx2
from unearth import PackageFinder
from unearth.errors import UnpackError

from host.console import ROOT, Console
from host.failure import Exit, Failure, run

PINS = ROOT / "host" / "requirements" / "device.txt"
FOLDER = ROOT / "build" / "device_libs"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huzzah-node" / "libraries"


@dataclass(frozen=True)
class Pin:
    name: str
    version: str
    sha256: str


def pins(path: Path = PINS) -> list[Pin]:
    """Return the rows of a requirements file."""
    found = re.findall(r"^([\w.-]+)==(\S+) \\\n +--hash=sha256:([0-9a-f]{64})$", path.read_text(), re.MULTILINE)
    return [Pin(*row) for row in found]


def get(console: Console, folder: Path = FOLDER, cache: Path = CACHE, pinned: Path = PINS) -> None:
    """Put every library that the requirements file `pinned` names into `folder`. Raises Failure (computer)."""
    for pin in pins(pinned):
        stamp = folder / f"{pin.name}.sha256"
        if stamp.exists() and stamp.read_text() == pin.sha256:
            continue
        console.note(f"  {pin.name} {pin.version}")
        _unpack(archive(pin, cache), folder)
        stamp.write_text(pin.sha256)


def archive(pin: Pin, cache: Path) -> Path:
    """Return the archive, from the cache or from the index, with the right hash."""
    path = cache / f"{pin.name}-{pin.version}.tar.gz"
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == pin.sha256:
        return path
    cache.mkdir(parents=True, exist_ok=True)
    hashes = {"sha256": [pin.sha256]}
    try:
        finder = package_finder()
        for package in finder.find_matches(f"{pin.name}=={pin.version}", hashes=hashes):
            found = finder.download(package.link, cache, hashes=hashes)
            if found != path:  # a file of an index on this computer, or under another name
                shutil.copyfile(found, path)
            return path
        reason = "the Python index does not have it"
    except (httpx2.HTTPError, UnpackError, ValueError, OSError) as e:
        reason = str(e).splitlines()[0]
    raise Failure(
        Exit.COMPUTER, f"could not get {pin.name} {pin.version} ({reason}): check the network and run this again"
    )


def package_finder() -> PackageFinder:
    """Return a finder that searches where pip would."""
    settings = _pip_settings()
    if "cert" in settings:
        os.environ.setdefault("SSL_CERT_FILE", settings["cert"])
    if "proxy" in settings:
        os.environ.setdefault("ALL_PROXY", settings["proxy"])
    finder = PackageFinder(
        index_urls=settings.get("index-url", "").split(),
        trusted_hosts=settings.get("trusted-host", "").split(),
    )
    for url in settings.get("extra-index-url", "").split():
        finder.add_index_url(url)
    for url in settings.get("find-links", "").split():
        finder.add_find_links(url)
    return finder


def _pip_settings() -> dict[str, str]:
    """Return pip's configuration for downloads: from files, overridden by the environment, as in pip itself."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    rows = re.findall(r"^(global|download|:env:)\.([\w-]+)=(.+)$", done.stdout, re.MULTILINE)
    order = ("global", "download", ":env:")
    return {key: str(ast.literal_eval(value)) for _, key, value in sorted(rows, key=lambda row: order.index(row[0]))}


def _unpack(archive: Path, folder: Path) -> None:
    """Put the modules of a source archive below `folder`: name-version/umqtt/simple.py becomes umqtt/simple.py."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts[1:]
            source = tar.extractfile(member) if member.name.endswith(".py") and ".." not in parts else None
            if source and parts[0] != "setup.py":
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "wb") as file:
                    shutil.copyfileobj(source, file)


if __name__ == "__main__":
    run(lambda: get(Console()))
