"""The compiler of 32-bit programs: the system's, or PyPI's ziglang where the system's may not be installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

_ZIG = "ziglang"  # the package, and its module
# Types that the port's libm expects, and musl lacks.
_TYPES = tuple(f"-D__{name}_t=__{name.upper()}_TYPE__" for name in ("uint8", "int32", "uint32"))
_ZIG_FLAGS = ("-fno-sanitize=undefined", "-Wno-everything", "-Xclang", "-cl-single-precision-constant", *_TYPES)
_PROGRAM = b"#include <stdio.h>\nint main(void) { return 0; }\n"


@dataclass(frozen=True, slots=True)
class Tools:
    """A compiler of 32-bit programs, and the binutils that go with it."""

    compiler: str
    flags: tuple[str, ...]
    emulation: str  # the linker's name of the format
    packages: tuple[str, ...]  # Debian's packages of the compiler and its C library; empty: ziglang
    prefix: str = ""  # of binutils

    @property
    def command(self) -> list[str]:
        """The compiler's command, for files and for linking."""
        zig = [sys.executable, "-m", _ZIG, "cc", "-target"]
        return [*(zig if not self.packages else []), self.compiler]

    @property
    def preprocessor(self) -> list[str]:
        """The preprocessor's command, for many files at once, which `zig cc` cannot do for this target."""
        if self.packages:
            return [*self.command, "-E"]
        return [sys.executable, "-m", _ZIG, "clang", "-target", self.compiler.replace("x86", "i386"), "-E"]

    @property
    def headers(self) -> list[str]:
        """Flags that name the C library's headers, for a compiler that drops them under -nostdlib."""
        if self.packages:
            return []
        cpu = self.compiler.partition("-")[0]
        library = Path(importlib.util.find_spec(_ZIG).submodule_search_locations[0]) / "lib"
        places = (f"{cpu}-linux-musl", "generic-musl", f"{cpu}-linux-any", "any-linux-any")
        folders = [library / "include", *(library / "libc" / "include" / place for place in places)]
        return ["-nostdinc", *(f"-isystem{folder}" for folder in folders)]


_X86, _ARM = "elf_i386", "armelf_linux_eabi"
_CROSS = "arm-linux-gnueabihf-"
_ZIG_ARM = Tools("arm-linux-musleabihf", _ZIG_FLAGS, _ARM, ())
# For each kind of computer: the system's compiler, and ziglang.
_MACHINES = {
    "x86_64": (
        Tools("gcc", ("-m32", "-msse2", "-mfpmath=sse"), _X86, ("gcc-multilib", "libc6-dev")),
        Tools("x86-linux-musl", _ZIG_FLAGS, _X86, ()),
    ),
    "armv7l": (Tools("gcc", ("-march=armv7-a", "-mfpu=vfpv3-d16"), _ARM, ("gcc", "libc6-dev")), _ZIG_ARM),
    "aarch64": (
        Tools(f"{_CROSS}gcc", (), _ARM, ("gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross"), _CROSS),
        _ZIG_ARM,
    ),
}


def candidates() -> tuple[Tools, ...]:
    """The tools for this computer, the best first. Raises UserError: there are none."""
    machine = os.uname().machine
    if machine == "aarch64" and sys.maxsize < 1 << 32:  # a 32-bit system on a 64-bit kernel
        machine = "armv7l"
    try:
        return _MACHINES[machine]
    except KeyError as error:
        raise UserError(f"the processor is a 32-bit program, which {machine} does not run") from error


def missing_packages() -> list[str]:
    """Debian packages that a build with the system's compiler needs and this computer lacks. Raises UserError."""
    system, _ = candidates()
    return ([] if _compiles(system) else [*system.packages]) + ([] if _found("make") else ["make"])


def tools() -> Tools:
    """The tools for a build. Raises UserError: tools are missing, or this computer runs no 32-bit programs."""
    system, zig = candidates()
    lacking = missing_packages()
    if not lacking:
        chosen = system
    elif importlib.util.find_spec(_ZIG) and _found("make") and _found("objcopy"):
        chosen = zig
    else:
        raise UserError(f"the processor cannot be built: sudo apt-get install {' '.join(lacking)}")
    if not _runs(chosen):
        raise UserError("the processor is a 32-bit program, which this computer's kernel does not run")
    return chosen


def _compiles(kit: Tools, program: str = os.devnull) -> bool:
    command = [*kit.command, *kit.flags, "-xc", "-", "-static", "-o", program]
    return _found(kit.command[0]) and not _status(command, _PROGRAM)


def _status(command: list[str], data: bytes = b"") -> int:
    return subprocess.run(command, check=False, input=data, capture_output=True).returncode


def _runs(kit: Tools) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/program"
        try:
            return _compiles(kit, program) and not _status([program])
        except OSError:
            return False


def _found(program: str) -> bool:
    return any(os.access(Path(folder) / program, os.X_OK) for folder in os.get_exec_path())
