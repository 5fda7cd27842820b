"""Check the types of firmware/ against the ESP8266 port of two releases: python -m checks.firmware_types [FOLDER]

pyright infers what it can: nothing in FOLDER (default: firmware) needs an annotation. The names and types of the port
come from micropython-esp8266-stubs, umqtt.simple's from its own source, and for 1.19.1, whose small image has no
asyncio, asyncio's from device_libs/. What pyright finds and is right all the same is in ALLOWED, with the reason.

Standard output: one line a finding. Exit status: 0 none, 1 some.
"""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUBS = Path(sys.prefix) / "stubs"
RELEASES = ("1.19.1", "1.29.0")
_RULES = {
    "typeCheckingMode": "standard",
    # Without annotations these err about loops that always run once, and drivers that measure less than their base.
    "reportPossiblyUnboundVariable": False,
    "reportIncompatibleMethodOverride": False,
    "reportIncompatibleVariableOverride": False,
}
# (release, rule and message, with * for any characters): why the code is right nevertheless.
ALLOWED = {
    ("*", '*: *attribute "config" for class "Invalid"*'): "set by who raises it; a class attribute would cost heap",
    ("*", '*: "args" is not a known attribute of "None"'): "begins as None and becomes an exception",
    ("1.29.0", "*_TicksMs*"): "in these stubs ticks are of a type of their own; a list may hold other numbers too",
    ("1.29.0", 'reportCallIssue: No overloads for "__setitem__" match*'): "the same line",
    ("1.19.1", '*: "hostname" is not a known attribute of module "network"'): "hasattr() is asked first",
    ("1.19.1", '*: "tuple[[]*" is not awaitable'): "sleep_ms() of device_libs: MicroPython awaits what can be iterated",
    ("*", '*: "Generator[[]tuple[[]*" is not awaitable'): "with_room(): MicroPython awaits what can be iterated",
    ("1.19.1", 'reportMissingImports: Import "vfs" could not be resolved'): "only where there is a ROMFS",
    ("*", '*: "VfsRom" is not a known attribute of module "vfs"'): "the stubs are of the image without ROMFS",
    ("*", 'reportOptionalMemberAccess: "open" is not a known attribute of "None"'): "_check() has raised by then",
    ("*", '*: * "StringIO" *'): "what print_exception() writes to is anything with write()",
    ("*", '*: Cannot access attribute "getvalue" for class "StringIO"'): "these stubs leave it out",
    ("*", 'reportOptionalSubscript: Object of type "None"*'): "a dict by then",
    ("*", 'reportOptionalCall: Object of type "None"*'): "set before anybody can call it",
    ("1.19.1", '*: Import "uasyncio" could not be resolved'): "tried where asyncio is missing, as on the 2 MiB image",
    ("*", 'reportCallIssue: No overloads for "__getitem__" match*'): "of what is a list first and a dict in the end",
    ("*", 'reportArgumentType: * of type "slice[[]Any, Any, Any]" in function "__getitem__"*'): "the same line",
}


@dataclass(frozen=True)
class Finding:
    """What pyright reports for one place and one release."""

    release: str
    place: str  # path:line
    message: str  # rule: first line of pyright's message

    def __str__(self) -> str:
        return f"{self.place}: {self.message} (MicroPython {self.release})"

    def allowed(self) -> tuple[str, str] | None:
        """The row of ALLOWED that covers it."""
        for release, pattern in ALLOWED:
            if fnmatch.fnmatchcase(self.release, release) and fnmatch.fnmatchcase(self.message, pattern):
                return release, pattern
        return None


def find(folder: Path, release: str) -> Iterator[Finding]:
    """All that pyright reports for the modules in `folder`, allowed or not."""
    # stubPath is searched before MicroPython's standard library, extraPaths after it.
    lib, umqtt = folder / "lib", ROOT / "build" / "device_libs"
    settings = {
        **_RULES,
        "include": [str(folder)],
        "stubPath": str(ROOT / "device_libs" if release == "1.19.1" else umqtt),
        "extraPaths": [
            # boot.py finds `trial` in update/.
            str(path)
            for path in (lib, lib / "node" / "update", umqtt, STUBS / release, STUBS / "stdlib")
        ],
        "typeshedPath": str(STUBS / "stdlib"),
        "pythonVersion": "3.11",
    }
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "pyrightconfig.json"
        file.write_text(json.dumps(settings))
        command = [Path(sys.executable).with_name("basedpyright"), "--outputjson", "--project", file]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    if not report["summary"]["filesAnalyzed"]:
        raise LookupError(f"{folder} has no module")
    for one in report["generalDiagnostics"]:
        if one["severity"] == "error":
            place = f"{one['file'].removeprefix(f'{ROOT}/')}:{one['range']['start']['line'] + 1}"
            yield Finding(release, place, f"{one.get('rule', 'syntax')}: {one['message'].splitlines()[0]}")


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]).resolve() if arguments else ROOT / "firmware"
    wrong = [one for release in RELEASES for one in find(folder, release) if not one.allowed()]
    for one in wrong:
        print(one)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
