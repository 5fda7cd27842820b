"""How much heap each imported module retains: from files on a board with the image small, and from ROMFS."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from bench.board import Feather, write_files
from host.console import Console
from host.image import libraries
from host.image.filesystem import Files
from host.image.firmware import Firmware, make
from host.image.images import LAYOUTS
from host.settings.prepare import EXAMPLE

FORMS = {"mpy": "small", "romfs": "romfs"}  # form: the image of a board that has modules in this form
_FROZEN = ("asyncio", "umqtt.simple")  # in all images but small
# MicroPython keeps names in pools of 20, 40, 80 ...: once that of 640 is begun, no module pays for a new pool.
_BEGIN = """import gc, sys
gc.collect()
for i in range(640):
    getattr(sys, "_%d" % i, None)
had, base = set(sys.modules), 0
"""
_NEEDS = """import {name}
print(*[name for name in set(sys.modules) - had if not (name + ".").startswith("{name}.")])
"""
_COSTS = """{imports}
gc.collect()
base = gc.mem_alloc()
import {name}
gc.collect()
print(gc.mem_alloc() - base)
"""


def get_libraries() -> None:
    """Get the libraries that the image small lacks."""
    libraries.get(Console())


def firmware(form: str) -> Firmware:
    """The files for the board: the modules, and nothing that runs by itself."""
    get_libraries()
    made = make(LAYOUTS[FORMS[form]], EXAMPLE)
    made.flash = {path: content for path, content in made.flash.items() if path.startswith("lib/")}
    return made


def names(files: Files) -> list[str]:
    """Names of the modules below lib/, packages before their modules, and of those that an image may have frozen."""
    paths = [path.removeprefix("lib/").rpartition(".")[0] for path in files if path.startswith("lib/")]
    return sorted({path.removesuffix("/__init__").replace("/", ".") for path in paths} | set(_FROZEN))


def measure(form: str, made: Firmware | None = None) -> dict[str, int]:
    """Bytes that each module retains, without those of its imports. made: files in place of firmware(form)."""
    made = made or firmware(form)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder, "board")
        write_files(state, made.flash, FORMS[form], made.rom)
        with Feather(state) as board:
            repl = SerialTransport(board.path)
            found = {name: _measure(repl, name) for name in names(made.flash | made.rom)}
            repl.close()
    return found


def _measure(repl: SerialTransport, name: str) -> int:
    """Measure one module in a fresh interpreter in which its imports are already loaded."""
    needs = _run(repl, _NEEDS.format(name=name)).split()
    return int(_run(repl, _COSTS.format(imports="\n".join(f"import {need}" for need in needs), name=name)))


def _run(repl: SerialTransport, program: str) -> str:
    repl.enter_raw_repl()  # by a soft reset
    return repl.exec(_BEGIN + program).decode()
