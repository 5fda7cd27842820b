"""The whole node on MicroPython with 32-bit words: an estimate of what it leaves of the ESP8266's heap.

The interpreter's heap grows, so that nothing can be proved to fit: what is measured is what is retained.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench import modules
from bench.interpreters import Job, run
from bench.system import ROOT

# Measured by others on 32-bit builds with the ESP8266's configuration: free bytes of 38 KiB at a bare prompt, and what
# the frozen asyncio (run and Event) and umqtt.simple cost.
BARE = 37_400
_ASYNCIO = 3_200
_UMQTT = 848
_SETTINGS = {
    "client_id": "bench",
    "wifi": {"ssid": "air"},
    "mqtt": {"server": "192.168.1.210"},
    "sensors": [{"driver": "tsl2561", "every_s": 1}],
    "stats_s": 10,
    "ntp": "192.168.1.1",
}
_SECONDS = 6
# The loop of the small image's asyncio, made to be left and entered again as wasm32/fakes/asyncio.py is.
_TURNS = """
import asyncio
_run = asyncio.run
async def _pause(ms):
    await asyncio.sleep_ms(ms)
class Running(BaseException):
    pass
def run(coroutine):
    asyncio.create_task(coroutine)
    raise Running
asyncio.run = run
asyncio.new_event_loop = lambda: None
asyncio.turn = lambda ms: _run(_pause(ms))
"""


@dataclass(frozen=True)
class Parts:
    """Bytes: what the image freezes, modules, main.py compiled on the board, objects with coroutines; new names."""

    frozen: int
    modules: int
    main: int
    objects: int
    names: int

    @property
    def pools(self) -> int:
        """What the pools for so many names cost on the chip: they are of 20, 40, 80 ... entries, 7 bytes each."""
        cost, size, room = 0, 20, 0
        while room < self.names:
            cost += (24 + 7 * size + 15) & ~15
            room += size
            size *= 2
        return cost

    @property
    def free(self) -> int:
        """Of the chip's 38,912."""
        return BARE - self.frozen - self.modules - self.main - self.objects - self.pools


def _used(what: str) -> list[str]:
    return ["gc.collect()", f"print({what!r}, heap.used())\nmicropython.qstr_info()"]


def _imports(names: list[str]) -> list[str]:
    return [f"import {name}" for name in names]


def _steps(form: str, frozen: bool, loaded: list[str]) -> list[str]:
    """Start the node as a board does. `loaded`: the modules to import first, so that they are counted apart."""
    libraries = _imports(["asyncio", "umqtt.simple"])
    given = [name for name in modules.BUILT_IN if name != "asyncio"]
    return [
        *modules.begin(form),
        *_imports(["micropython", *given, "board"]),
        *(libraries if frozen else []),
        "heap.fill_pools()",
        *_used("base"),
        *([] if frozen else [*libraries, _TURNS]),
        *_imports(loaded),
        *_used("modules"),
        "code = compile(open('main.py').read(), 'main.py', 'exec')",
        *_used("main"),
        "exec(open('boot.py').read(), {})",
        # The frame of main() goes here, and on a board it stays: what only that keeps is not counted.
        "import asyncio\ntry:\n exec(code, {'__name__': '__main__'})\nexcept BaseException as e:\n print(repr(e))",
        *["asyncio.turn(1000)", "gc.collect()"] * _SECONDS,
        *_used("end"),
        "import socket\nprint(socket.published)",
        "print('loaded', *[name for name in sys.modules if name[:4] == 'node'])",
        "import binascii\nfor name in os.listdir():\n if os.stat(name)[0] & 0x8000:\n"
        "  print('file', name, binascii.hexlify(open(name, 'rb').read()).decode())",
    ]


def measure(image: str) -> Parts:
    """Run the node, connected, for some seconds: once to see which modules stay, once to count."""
    form = "romfs" if image == "romfs" else "mpy"
    libraries = modules.UMQTT | (modules.ASYNCIO if image == "small" else {})
    files = modules.board_files(form, 32, libraries) | {"config.json": json.dumps(_SETTINGS).encode()}
    files |= {name: (ROOT / "firmware" / name).read_bytes() for name in ("boot.py", "main.py")}
    first = _run(image, files)
    written = dict(re.findall(r"^file (\S+) (\w+)$", first, re.MULTILINE))
    if new := {name: bytes.fromhex(content) for name, content in written.items() if name not in files}:
        files |= new  # what it keeps for its next start, which is the one that counts
        first = _run(image, files)
    loaded = re.findall(r"^loaded (.*)", first, re.MULTILINE)[0].split()
    return _parts(image, _run(image, files, sorted(loaded)))


def _run(image: str, files: dict[str, bytes], loaded: Sequence[str] = ()) -> str:
    form = "romfs" if image == "romfs" else "mpy"
    return run(32, [Job(_steps(form, image != "small", list(loaded)), files)])[0]


def _parts(image: str, output: str) -> Parts:
    found = re.findall(r"^(\w+) (\d+)\nqstr pool: n_pool=(\d+), n_qstr=(\d+)", output, re.MULTILINE)
    used = {name: int(count) for name, count, _, _ in found}
    assert "sensors/bench/lux" in output, f"no reading was published: {output}"
    assert len({pools for _, _, pools, _ in found}) == 1, f"the pools of names were too small: {output}"
    return Parts(
        frozen=0 if image == "small" else _ASYNCIO + _UMQTT,
        modules=used["modules"] - used["base"],
        main=used["main"] - used["modules"],
        objects=used["end"] - used["main"],
        names=int(found[-1][3]) - int(found[0][3]),
    )
