"""The names that PyPI's micropython-esp8266-stubs say the ESP8266 port has."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path

_PACKAGE = "micropython-esp8266-stubs"
_OTHERS = Path(sys.prefix) / "stubs"  # a folder for each version that is not the environment's own
# What type checkers need and no program sees.
_TYPING = ("typing", "_typeshed", "__future__", "_mpy_shed", "abc", "stdlib", "collections.abc")


@dataclass
class Module:
    """What one module holds.

    What the stubs know neither type nor value of is left out: attributes of instances, constants that are documented
    for other ports.
    """

    has_values: bool  # whether constants are given with their values
    names: set[str] = field(default_factory=set)
    members: dict[str, set[str]] = field(default_factory=dict)  # of its classes
    values: dict[str, object] = field(default_factory=dict)  # of constants, "NAME" or "Class.NAME"


def stubs(version: str) -> dict[str, Module]:
    """Modules by their dotted names. Raises LookupError when that version is not installed."""
    places = [*sys.path, *map(str, _OTHERS.glob("*"))]
    for found in distributions(name=_PACKAGE, path=places):
        if found.version == version:
            files = [file for file in found.files or [] if file.suffix == ".pyi"]
            return {_dotted(str(file)): _read(Path(str(found.locate_file(file)))) for file in files}
    raise LookupError(f"{_PACKAGE} {version} is not installed, in the environment or in a folder of {_OTHERS}")


def _dotted(file: str) -> str:
    return file.removesuffix(".pyi").removesuffix("/__init__").replace("/", ".")


def _read(file: Path) -> Module:
    text = file.read_text()
    module = Module(has_values="Final[" in text)
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(name=name):
                module.names.add(name)
            case ast.ClassDef(name=name):
                module.names.add(name)
                module.members[name] = {member for part in node.body for member in _member(part, name, module)}
            case ast.AnnAssign(target=ast.Name(id=name)) if _is_real(node, name, module) or name.islower():
                module.names.add(name)
            case ast.ImportFrom(module=str(origin)) if not origin.startswith(_TYPING):
                module.names.update(alias.asname or alias.name for alias in node.names if alias.name != "*")
    return module


def _member(node: ast.stmt, owner: str, module: Module) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) if not name.startswith("__"):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)) if _is_real(node, f"{owner}.{name}", module):
            return [name]
    return []


def _is_real(node: ast.AnnAssign, name: str, module: Module) -> bool:
    """Whether the firmware listed this name: with its value in newer stubs, with its type in older ones."""
    annotation = ast.unparse(node.annotation)
    if module.has_values and "Final" in annotation and isinstance(node.value, ast.Constant | ast.UnaryOp):
        module.values[name] = ast.literal_eval(node.value)
        return True
    return not module.has_values and "Incomplete" not in annotation
