"""Updates over the air for tests: changed versions of the firmware's files, and the link to a node."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from nodes import Node

from host.image.filesystem import Files, make_romfs
from host.image.firmware import compile_module, make
from host.image.images import LAYOUTS
from host.settings.check import load
from host.update import delta
from host.update.protocol import Update, UpdateLink, go, sign

ROOT = Path(__file__).resolve().parents[1]
KEY = "5e" * 32
VERSION = re.search(r'^VERSION = "(.+)"', (ROOT / "firmware/lib/node/__init__.py").read_text(), re.MULTILINE)[1]


def module(path: str, change: Callable[[str], str] = str) -> bytes:
    """firmware/lib/<path>.py, with change() applied to its text, as bytecode."""
    file = ROOT / "firmware" / "lib" / f"{path}.py"
    text = file.read_text()
    source = change(text)
    assert change is str or source != text
    return compile_module(file, path.removesuffix("/__init__").replace("/", "."), "-O0", source)


def versioned(version: str) -> bytes:
    """node/__init__ of another version, which stats/<id> then has."""
    return module("node/__init__", lambda text: text.replace('VERSION = "', f'VERSION = "{version}"  # "'))


def main_py(remark: str) -> bytes:
    """main.py with a remark at its end."""
    return (ROOT / "firmware" / "main.py").read_bytes() + f"# {remark}\n".encode()


def image(feather: Node, files: Files) -> bytes:
    """The ROMFS of the firmware, with these files replaced or added."""
    return make_romfs(make(LAYOUTS["romfs"], _config(feather)).rom | files)


def package(image: bytes, counter: int, name: str = "n1", key: str = KEY, what: str = "") -> Update:
    """An update for a test's node."""
    return sign(name, key, counter, image, what)


def talk(feather: Node) -> UpdateLink:
    """The link to a test's node."""
    return UpdateLink(load(_config(feather)), feather.name)


def runs(link: UpdateLink, image: bytes) -> bool:
    """Whether the node runs that image."""
    return link.ask_until_answered(b"?%d" % len(image)).split()[4] == delta.tell(delta.sha256(image))


def half(link: UpdateLink) -> int:
    """The half of the ROMFS partition that runs."""
    return int(link.ask_until_answered(b"?").split()[1])


def bring(link: UpdateLink, update: Update) -> str:
    """Send an update and start its trial; the node's answer."""
    link.send(update, half(link), "pytest")
    link.ask(go(update))
    return link.next_answer(300)


def _config(feather: Node) -> Path:
    return feather.board.state.parent / f"{feather.name}.json"
