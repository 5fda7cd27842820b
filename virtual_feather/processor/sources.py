"""Fetches MicroPython's and lwIP's sources from Debian 13, with apt as a normal user; the system stays unchanged."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

_SUITE = "trixie"
_SOURCE_LISTS = Path("/etc/apt")
_MIRROR = "http://deb.debian.org/debian"


@dataclass(frozen=True, slots=True)
class Source:
    """A Debian source package, of which only the archive of the upstream release is used."""

    package: str
    version: str
    archive: str
    sha256: str
    folder: str  # that the archive unpacks to


MICROPYTHON = Source(
    "micropython",
    "1.25.0+ds-1",
    "micropython_1.25.0+ds.orig.tar.xz",
    "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea",
    "micropython-1.25.0",
)
LWIP = Source(
    "lwip",
    "2.2.1+dfsg1-1+deb13u1",
    "lwip_2.2.1+dfsg1.orig.tar.xz",
    "83729c274c499d3348e9fbbe043a3113f3fa8953e7efddc7c21c7fcbb1f2b7b1",
    "lwip-2.2.1",
)


def cache() -> Path:
    """Where everything fetched and built is kept."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or "/tmp") / ".cache")
    return home / "huzzah-node" / "processor"


def unpacked(source: Source) -> Path:
    """The folder with the source's files; fetched and unpacked if need be. Raises UserError."""
    place = cache() / "sources" / source.folder
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            with tarfile.open(_archive(source, Path(folder))) as archive:
                archive.extractall(folder, filter="data")
            shutil.move(str(Path(folder) / source.folder), place)
    return place


def _archive(source: Source, folder: Path) -> Path:
    print(f"fetching the sources of {source.package} {source.version}", file=sys.stderr, flush=True)
    options = _apt_options(folder)
    _run(["apt-get", *options, "update"], folder)
    _run(["apt-get", *options, "source", "--download-only", f"{source.package}={source.version}"], folder)
    file = folder / source.archive
    if hashlib.sha256(file.read_bytes()).hexdigest() != source.sha256:
        raise UserError(f"{source.archive} is not the file that was pinned: run this again, or report it")
    return file


def _apt_options(folder: Path) -> list[str]:
    """Options for apt: lists and a cache of its own in `folder`, this computer's Debian mirror and keys."""
    mirror, keys = _debian()
    listed = folder / "sources.list"
    listed.write_text(f"deb-src {keys}{mirror} {_SUITE} main\n")
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    options = {
        "Dir::Etc::sourcelist": listed,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
    }
    return [f"-o{key}={value}" for key, value in options.items()]


def _debian() -> tuple[str, str]:
    """The mirror that this computer takes Debian from, and the option that names its keys."""
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    keys = f"[signed-by={keyring}] " if keyring.exists() else ""
    for file in (_SOURCE_LISTS / "sources.list", *sorted((_SOURCE_LISTS / "sources.list.d").glob("*"))):
        text = file.read_text() if file.is_file() else ""
        if found := re.search(r"^(?:deb .*?|URIs: *)(https?://\S+/debian)/?(?:\s|$)", text, re.MULTILINE):
            return found[1], keys
    return _MIRROR, keys


def _run(command: list[str], folder: Path) -> None:
    try:
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UserError(f"{command[0]} was not found: the processor's sources come from Debian's packages") from error
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["it does not say why"])[-1]
        raise UserError(f"apt-get cannot fetch the processor's sources: {reason}; check this computer's network")
