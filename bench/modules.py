"""What each module of firmware/lib costs in heap: as source, as .mpy on a file system, and in place from ROMFS."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bench.compiled import compile_file
from bench.interpreters import Job, run
from bench.system import ROOT
from host.image.filesystem import make_romfs
from host.image.firmware import make
from host.image.images import LAYOUTS
from host.settings.config_file import EXAMPLE

FORMS = ("py", "mpy", "romfs")
_BENCH = ROOT / "bench"
# What the interpreters lack and an image has: stand-ins, there before anything is measured.
_FAKES = {64: (ROOT / "tests" / "device" / "fakes",)}
_FAKES[32] = (*_FAKES[64], _BENCH / "wasm32" / "fakes")
BUILT_IN = (
    *("machine", "network", "socket", "select", "asyncio", "json", "struct"),
    *("hashlib", "binascii", "errno", "time", "os", "random"),
)
# On images that lack them these go on the board too.
UMQTT = {"lib/umqtt/simple.py": ROOT / "build" / "device_libs" / "umqtt" / "simple.py"}
ASYNCIO = {"lib/asyncio/__init__.py": ROOT / "device_libs" / "asyncio" / "__init__.py"}


@cache
def _built() -> dict[str, bytes]:
    """The modules as they go on a board, by their path there, e.g. "lib/node/board.mpy"."""
    files = make(LAYOUTS["plain"], EXAMPLE).flash
    return {path: content for path, content in files.items() if path.startswith("lib/")}


@cache
def _sources() -> dict[str, bytes]:
    """The same of their sources."""
    firmware = ROOT / "firmware"
    return {str(file.relative_to(firmware)): file.read_bytes() for file in sorted((firmware / "lib").rglob("*.py"))}


def board_modules(form: str) -> dict[str, bytes]:
    """Every module by its path on the board: of the build in .mpy and ROMFS, which may put several into one."""
    return _sources() if form == "py" else _built()


def name_of(path: str) -> str:
    """Module name of a path below lib/."""
    return path.removeprefix("lib/").rpartition(".")[0].removesuffix("/__init__").replace("/", ".")


def board_files(form: str, bits: int, libraries: dict[str, Path]) -> dict[str, bytes]:
    """What a job finds: the modules and these libraries in one of FORMS, and stand-ins for what is built in."""
    found = dict(board_modules(form))
    for path, file in libraries.items():
        if form == "py":
            found[path] = file.read_bytes()
        else:
            found[path.removesuffix(".py") + ".mpy"] = compile_file(file, path.removeprefix("lib/"))
    given = {file.name: file for folder in _FAKES[bits] for file in folder.glob("*.py")}
    if ASYNCIO.items() <= libraries.items():
        given.pop("asyncio.py", None)
    files = {f"fakes/{name}": file.read_bytes() for name, file in given.items()}
    files["heap.py"] = (_BENCH / "device" / "heap.py").read_bytes()
    return files | ({"romfs": make_romfs(found)} if form == "romfs" else found)


def begin(form: str) -> list[str]:
    """The first steps of a job: what it finds is on sys.path."""
    place = "heap.mount(root + '/romfs')" if form == "romfs" else "sys.path.insert(0, root + '/lib')"
    return [f"import gc, os, sys\nos.chdir(root)\nsys.path[:0] = [root + '/fakes', root]\nimport heap\n{place}"]


def _steps(form: str, module: str, before: list[str]) -> list[str]:
    return [
        *begin(form),
        *(f"import {name}" for name in before),
        "heap.fill_pools()",
        "had = set(sys.modules)",
        "gc.collect()",
        "base = heap.used()",
        f"import {module}",
        "gc.collect()",
        "print(heap.used() - base, *(name for name in sys.modules if name not in had))",
    ]


def _measure(form: str, bits: int, names: list[str], files: dict[str, bytes], given: list[str]) -> dict[str, int]:
    """Each module in an interpreter of its own: first what it imports, then itself."""
    alone = run(bits, [Job(_steps(form, name, given), files) for name in names])
    needed = [sorted(set(said.split()[1:]) - {name}) for name, said in zip(names, alone, strict=True)]
    jobs = [Job(_steps(form, name, [*given, *before]), files) for name, before in zip(names, needed, strict=True)]
    return {name: int(said.split()[0]) for name, said in zip(names, run(bits, jobs), strict=True)}


def measure(form: str, bits: int) -> dict[str, int]:
    """Each module's retained bytes; what it imports counts for itself, and room for its names is there already."""
    names = [name_of(path) for path in [*board_modules(form), *UMQTT]]
    costs = _measure(form, bits, names, board_files(form, bits, UMQTT), list(BUILT_IN))
    given = [name for name in BUILT_IN if name != "asyncio"]
    return costs | _measure(form, bits, ["asyncio"], board_files(form, bits, ASYNCIO), given)
