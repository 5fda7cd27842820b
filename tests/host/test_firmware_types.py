"""The errors that checks/firmware_types.py finds, and the code that it lets pass."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checks import firmware_types
from checks.firmware_types import ALLOWED, RELEASES, ROOT, find

# Wrong programs, the releases in which they are wrong, and the word in the error; none needs an annotation.
_WRONG = [
    ("import machine\nmachine.Pin(0, machine.Pin.PULL_DOWNWARD)", RELEASES, "PULL_DOWNWARD"),
    ("import machine\nmachine.RTC().memory(1, 2, 3)", ("1.29.0",), "memory"),
    ("import network\nnetwork.WLAN(network.STA_IF).conect()", RELEASES, "conect"),
    ("import bluetooth", RELEASES, "bluetooth"),
    ("def f():\n    return missing", RELEASES, "missing"),
    ("from time import sleep_ms\nsleep_ms()", RELEASES, "rgument"),
    ("import asyncio\nasyncio.gather()", ("1.19.1",), "gather"),  # device_libs/asyncio has none
    ("from umqtt.simple import MQTTClient\nMQTTClient('id')", RELEASES, "server"),
    ("def f(a):\n    return a\nf()", RELEASES, '"a"'),
]
_RIGHT = """
import asyncio
import machine
from micropython import const
from umqtt.simple import MQTTClient

_PIN = const(5)

async def blink(pin, ms):
    while True:
        pin(not pin())
        await asyncio.sleep_ms(ms)

MQTTClient("id", "server").connect()
asyncio.run(blink(machine.Pin(_PIN, machine.Pin.OUT, value=1), 200))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The errors found, by file and release, in a folder with every wrong program."""
    folder = tmp_path_factory.mktemp("firmware")
    for number, (program, *_) in enumerate(_WRONG):
        (folder / f"wrong{number}.py").write_text(program + "\n")
    (folder / "right.py").write_text(_RIGHT)
    found = {}
    for release in RELEASES:
        for one in find(folder, release):
            found.setdefault((one.place.rpartition("/")[2].partition(".")[0], release), []).append(one)
    return found


@pytest.mark.parametrize("number", range(len(_WRONG)), ids=lambda number: _WRONG[number][0].splitlines()[-1])
def test_finds(written, number):
    _, releases, word = _WRONG[number]
    for release in RELEASES:
        said = [one for one in written.get((f"wrong{number}", release), []) if not one.allowed()]
        assert bool(said) == (release in releases), (release, said)
        assert all(word in one.message for one in said)


def test_lets_what_is_right_pass(written):
    assert not [one for release in RELEASES for one in written.get(("right", release), []) if not one.allowed()]


def test_the_firmware_passes_and_every_allowance_is_needed():
    found = [one for release in RELEASES for one in find(ROOT / "firmware", release)]
    assert [str(one) for one in found if not one.allowed()] == []
    unused = ALLOWED.keys() - {one.allowed() for one in found}
    assert not unused, f"not needed any more, remove them from ALLOWED: {sorted(unused)}"


def test_ends_with_a_line_for_each_finding(tmp_path, capsys):
    (tmp_path / "main.py").write_text("import machine\n\nmachine.rest()\n")
    assert firmware_types.main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" (")[2] for line in lines] == [f"MicroPython {release})" for release in RELEASES]
    assert all(line.startswith(f"{tmp_path}/main.py:3: ") and "rest" in line for line in lines)


def test_the_settings_for_vs_code_find_every_module(tmp_path):
    """docs/editing.md, given to the same engine: nothing that the firmware imports is missing."""
    (block,) = re.findall(r"^```json\n(.*?)^```$", (ROOT / "docs/editing.md").read_text(), re.DOTALL | re.MULTILINE)
    settings = {key.removeprefix("python.analysis."): value for key, value in json.loads(block).items()}
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps(
            {
                "include": [str(ROOT / one) for one in settings["include"]],
                "extraPaths": [str(ROOT / one) for one in settings["extraPaths"]],
                "typeshedPath": str(ROOT / settings["typeshedPaths"][0]),
                "typeCheckingMode": "basic",
            }
        )
    )
    command = [Path(sys.executable).with_name("basedpyright"), "--outputjson", "--project", tmp_path]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    rules = [one.get("rule") for one in report["generalDiagnostics"]]
    assert report["summary"]["filesAnalyzed"] > 10 and "reportMissingImports" not in rules


def test_refuses_a_folder_without_modules(tmp_path):
    with pytest.raises(LookupError, match="no module"):
        list(find(tmp_path, RELEASES[0]))
