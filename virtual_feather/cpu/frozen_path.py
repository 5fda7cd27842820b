"""The `.frozen` entry of sys.path: imports from it reach our read-only memory.

MicroPython looks such a path up among the modules linked into it. Ours are in a ROMFS image, mounted at a path of the
same length: when one is to be loaded, the path is changed in place and opened as any other file.
"""

from __future__ import annotations

import ctypes

from .native import Interpreter

MOUNT = "/.froze"
_PREFIX = b".frozen/"
_NOTHING, _FOLDER, FILE = range(3)  # mp_import_stat_t, py/lexer.h


class FrozenPath:
    """Stands in for the interpreter's search of its frozen modules."""

    def __init__(self, python: Interpreter, modules: frozenset[str], absent: frozenset[str]) -> None:
        """modules: what our image has, by path. absent: what must not be found among the interpreter's own."""
        self._python = python
        self._modules = modules
        self._absent = absent
        types = [ctypes.c_void_p] * 3
        self._search = python.lib.mp_find_frozen_module
        self._search.argtypes = types
        python.replace("mp_find_frozen_module", ctypes.CFUNCTYPE(ctypes.c_int, *types), self._find)

    def _find(self, path: int, kind: int | None, data: int | None) -> int:
        name = ctypes.string_at(path).decode()
        if name in self._modules:
            if kind is not None:
                self._divert(path, kind)
            return FILE if name.endswith(".mpy") else _FOLDER
        return self._search(path, kind, data) if self._linked(name) else _NOTHING

    def _linked(self, name: str) -> bool:
        return name.partition("/")[0].removesuffix(".py") not in self._absent

    @property
    def names(self) -> set[str]:
        """Modules that can be imported, as paths without suffix."""
        ours = {name for name in self._modules if name.endswith(".mpy") and not name.startswith("port/")}
        linked = set(filter(self._linked, self._python.frozen_names()))
        return {name.removesuffix(".mpy").removesuffix(".py").removesuffix("/__init__") for name in ours | linked}

    @staticmethod
    def _divert(path: int, kind: int) -> None:
        mount = f"{MOUNT}/".encode()
        assert len(mount) == len(_PREFIX)
        ctypes.memmove(path - len(_PREFIX), mount, len(mount))
        ctypes.c_int.from_address(kind).value = 0  # MP_FROZEN_NONE: a file is opened instead
