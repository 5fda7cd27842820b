"""Every command of README.md, word for word, in the order of the page, typed in a fresh clone.

Instead of real parts: the serial path of a virtual board as the only USB port, 127.0.0.1 as the computer's address in
its network, the stand-in image as the download.
"""

import json
import re
import shlex

import pytest
from clone import ROOT
from terminal import Terminal

COMMANDS = [
    line.partition("  #")[0].strip()
    for language, block in re.findall(
        r"^```(\w*)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    if not language
    for line in block.splitlines()
]
_CTRL_C, _CTRL_D, _CTRL_X, _LEAVE_PICOCOM = b"\x03", b"\x04", b"\x18", b"\x01\x18"
# A text to wait for, and the answer to type then.
ANSWERS = {
    "./demo.sh": [(b"sensors/", _CTRL_C)],
    "./bootstrap.sh": [(b"(2.4 GHz): ", b"attic\n"), (b"open network): ", b"long enough\n"), (b"[127.0.0.1]: ", b"\n")],
    "./flash.sh": [(b"[y/N] ", b"y\n")],
    "./node.sh repl": [(b"Terminal ready", _CTRL_C), (b">>> ", _LEAVE_PICOCOM)],
    "./node.sh files": [(b"> ", b"ls /pyboard\r"), (b"config.json", b""), (b"> ", _CTRL_D)],
    "./node.sh watch": [(b"status", _CTRL_C)],
    "nano config.json": [(b"GNU nano", _CTRL_X)],
    "./flash.sh --files-only": [],
    "./node.sh list": [],
    "./node.sh update --all": [],
}
_CODES = {"./demo.sh": 130}


@pytest.fixture
def fresh(computer, board, broker):
    """The clone, with the replacements for the real parts."""
    (computer.root / "config.json").unlink()
    example = json.loads((computer.root / "config.example.json").read_text())
    example["mqtt"]["port"] = broker.port
    (computer.root / "config.example.json").write_text(json.dumps(example))
    upy = computer.images["romfs"].parent
    fetch = computer.root / "host/image/fetch.py"
    fetch.write_text(fetch.read_text().replace("/tmp/upy", str(upy)))
    for file, instead in (
        ("board/ports.py", f'def candidates():\n    return [Port({board.port!r}, "CP210x", None, None)]\n'),
        (
            "broker/reach.py",
            "def lan_address():\n    return '127.0.0.1'\n\n\ndef not_for_a_board(server):\n    return None\n",
        ),
    ):
        with (computer.root / "host" / file).open("a") as module:
            module.write(f"\n\n{instead}")
    return computer.root


def test_the_page_has_the_commands_that_are_run_here():
    assert list(ANSWERS) == COMMANDS


@pytest.mark.timeout(600)
def test_every_command_in_order(fresh):
    said = {}
    for command in COMMANDS:
        with Terminal(["env", "--default-signal=INT", *shlex.split(command)], fresh) as terminal:
            shown = b""
            for wanted, typed in ANSWERS[command]:
                shown += terminal.read_until(wanted)
                terminal.type(typed)
            code, rest = terminal.end()
        said[command] = (shown + rest).decode(errors="replace")
        assert code == _CODES.get(command, 0), said[command]
        assert 'File "/' not in said[command]
    assert re.search(r"^sensors/feather-\w{6}/lux \S+", said["./flash.sh"], re.MULTILINE)
    assert "works. What it says: ./node.sh watch" in said["./flash.sh"]
    (kept,) = fresh.glob("nodes/feather-*.json")
    assert list(json.loads(kept.read_text())) == ["mac", "image"]
    assert "is up to date" in said["./node.sh update --all"]
