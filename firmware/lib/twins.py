"""With ROMFS, an update by air is in /lib/node: its modules are imported in place of those of that name in the ROMFS.

A package of MicroPython has one folder; here it is set anew for each module. Loaded by boot.py, and kept, when there
is such a folder; without one it costs nothing.
"""

import builtins
import os
import sys

_import = None
_names = ""  # ",node.session,node.sensors.sht31,"


def use():
    """Have every import look for twins. Called again, it takes note of what has come meanwhile."""
    global _import, _names
    _names = "," + _list("node") + _list("node/sensors")
    if not _import:
        trial = sys.modules.get("trial")
        _import = trial.blame if trial else builtins.__import__
        if ",node.__init__," in _names:
            sys.path.insert(0, "/lib")
            try:
                __import__("node")
            finally:
                sys.path.pop(0)
        builtins.__import__ = _take


def _list(folder):
    try:
        names = os.listdir("/lib/" + folder)
    except OSError:
        return ""
    package = folder.replace("/", ".") + "."
    return "".join([package + name[:-4] + "," for name in names if name.endswith(".mpy")])


def _take(name, *rest):
    package = name[: max(name.rfind("."), 0)]
    if package and name.startswith("node.") and name not in sys.modules:
        if package not in sys.modules:
            _take(package)
        top = "/lib/" if "," + name + "," in _names or "," + name + ".__init__," in _names else "/rom/lib/"
        sys.modules[package].__path__ = top + package.replace(".", "/")
    return _import(name, *rest)
