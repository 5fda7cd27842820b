"""flash.sh from a bare board to a publishing node, and on later runs.

The real esptool, rshell and mpremote, on a virtual Feather behind a pty.
"""

import hashlib
import json
import re
import shutil
import socket
import sys
from subprocess import Popen

import pytest
from computer import LONG, interrupted, works

from host.failure import Exit
from host.image.images import IMAGES
from host.settings.nodes import Nodes

UPLOADERS = ("image", "rshell", "mpremote")


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("uploader", UPLOADERS)
def test_from_an_erased_flash_to_a_reading(computer, bare, image, uploader):
    board = bare()
    works(computer.flash(board, "--uploader", uploader, image=image))
    assert computer.saved("main.py") == []


def test_a_second_board_is_a_node_of_its_own(computer, boards):
    """The first stays as it was; each has a key of its own, and from then on is known by its MAC."""
    computer.config(mqtt=computer.settings()["mqtt"], update_key="ab" * 32)
    one, two = boards("one"), boards("two")
    computer.flash(one)
    assert "is not known here: it is feather-" in computer.flash(two).said
    nodes = Nodes(computer.root)
    first, second = sorted(map(nodes.get, nodes.names()), key=lambda node: node.given["update_key"] != "ab" * 32)
    assert first.given["update_key"] == "ab" * 32 != second.given["update_key"]
    for board, node in ((one, first), (two, second)):
        works(computer.flash(board, "--files-only"))
        assert json.loads(board.ctl("get", "/config.json")) == node.given
    done = computer.clone.run(*computer.command(two, first.name, "--files-only"))
    assert done.returncode == 2 and f"is {second.name}: make it {first.name}?" in done.stderr


def test_all_boards_at_once(computer, boards):
    """Three empty boards become three nodes; the next run knows them by their MACs."""
    computer.config(mqtt=computer.settings()["mqtt"], update_key="ab" * 32)
    three = [boards(name) for name in ("one", "two", "three")]
    ports = [word for board in three for word in ("--port", board.port)]
    command = [sys.executable, "-m", "host.flash", "--all", "--yes", *ports]
    done = computer.clone.run(*command, "--image", str(computer.images["romfs"]), seconds=400)
    assert done.returncode == 0, done.stderr
    nodes = [node for node in map(Nodes(computer.root).get, Nodes(computer.root).names()) if node.mac]
    assert len(nodes) == len({node.given["update_key"] for node in nodes}) == 3
    table = done.stderr.splitlines()[-3:]
    for board, row in zip(three, table, strict=True):
        port, name, *_, how = row.split()
        assert (port, how) == (board.port, "works")
        assert f"connect/{name} {Nodes(computer.root).get(name).mac}" in done.stdout.splitlines()
        given = json.loads(board.ctl("get", "/config.json"))
        assert {"client_id": name} | given == Nodes(computer.root).get(name).given
    before = {path.name: path.read_bytes() for path in computer.root.glob("nodes/*.json")}
    three[1].stop()
    done = computer.clone.run(*command, "--files-only", seconds=400)
    assert done.returncode == Exit.PORT and "Flash 3 boards" not in done.stderr, done.stderr
    assert {path.name: path.read_bytes() for path in computer.root.glob("nodes/*.json")} == before


def test_what_a_node_of_an_older_clone_measures_is_taken_from_its_board(computer, board):
    """keys/ had only its secrets, as config.json had become another node's."""
    mqtt = computer.settings()["mqtt"]
    computer.config(mqtt=mqtt, client_id="cellar", outbox=33, update_key="ab" * 32)
    computer.flash(board)
    shutil.rmtree(computer.root / "nodes")
    computer.config(mqtt=mqtt, client_id="attic", update_key="cd" * 32)
    (computer.root / "keys").mkdir()
    for name, key in (("attic", "cd" * 32), ("cellar", "ab" * 32)):
        (computer.root / f"keys/{name}.json").write_text(json.dumps({"update_key": key}))
    assert computer.clone.run("./bootstrap.sh", "--image", "romfs").returncode == 0
    said = computer.flash(board, "cellar", "--files-only").said
    assert "what cellar measures is on its board alone: it is taken from there" in said
    cellar = Nodes(computer.root).get("cellar")
    assert json.loads(board.ctl("get", "/config.json")) == cellar.given
    assert (cellar.given["outbox"], cellar.given["update_key"], cellar.given["sensors"][0]["every_s"]) == (
        33,
        "ab" * 32,
        1,
    )
    assert Nodes(computer.root).get("attic").given["update_key"] == "cd" * 32


def test_every_command_is_shown_before_it_runs(computer, board):
    said = computer.flash(board).said
    shown = re.findall(r"^  \$ \S*?(\w+) (.*)$", said, re.MULTILINE)
    assert ("esptool", f"--chip esp8266 --port {board.port} --baud 460800 erase-flash") in shown
    assert any(
        program == "esptool" and "--baud 460800 write-flash --flash-size detect --flash-mode dio 0x0" in words
        for program, words in shown
    )


def test_what_was_on_the_board_is_never_lost(computer, board):
    computer.flash(board)
    board.put("/main.py", "print('by hand')\n")
    board.put("/notes.txt", "mine\n")
    computer.flash(board)
    assert computer.saved("main.py") == ["print('by hand')\n"]
    assert computer.saved("notes.txt") == ["mine\n"]
    assert oct((computer.root / "backup").stat().st_mode)[-3:] == "700"
    computer.flash(board)  # unchanged since flash.sh: nothing more to save
    assert len(computer.saved("main.py")) == 1


def test_files_only_sends_what_differs_and_leaves_the_users_own(computer, board):
    computer.flash(board)
    board.put("/notes.txt", "mine\n")
    # An earlier version had a file that this version lacks.
    board.put("/lib/old.py", "# old\n")
    (record,) = computer.root.glob("backup/*/deployed.json")
    known = json.loads(record.read_text())
    known["files"]["lib/old.py"] = hashlib.sha256(b"# old\n").hexdigest()
    record.write_text(json.dumps(known))
    with (computer.root / "firmware/main.py").open("a") as main:
        main.write("# one line more\n")
    done = computer.flash(board, "--files-only")
    works(done)
    (command,) = re.findall(r"^  \$ (.* :main.py)$", done.said, re.MULTILINE)
    assert re.findall(r" (?:cp \S+|rm) :(\S+)", command) == ["lib/old.py", "main.py"]
    assert board.ctl("get", "/notes.txt") == "mine"
    assert "the board has these files already" in computer.flash(board, "--files-only").said


def test_a_module_of_the_users_own_in_the_root_is_named_and_stays(computer, board):
    computer.flash(board)
    board.put("/node/pins.py", "# not one of ours\n")
    ours = min((computer.root / "firmware/lib/node").glob("[!_]*.py"))
    board.put(f"/node/{ours.name}", ours.read_text())
    # This node cannot start, and flash.sh would wait a minute for it.
    _, said = interrupted(computer, board, ("--files-only",), "wait for its first reading", Popen.terminate)
    assert f"node/{ours.name} on the board is used in place of the module in lib" in said
    assert "node/pins.py" not in said


def test_a_node_with_a_fault_does_not_work(computer, board):
    """The node is connected, but one of its two sensors is missing."""
    config = json.loads((computer.root / "config.json").read_text())
    config["sensors"] = [{"driver": "bme280"}, {"driver": "tsl2561"}]
    (computer.root / "config.json").write_text(json.dumps(config))
    done = computer.flash(board)
    assert "is on the air, but not well: its last fault above says what to mend." in done.said
    assert '"bme280 at 0x76: no answer"' in done.said


@pytest.mark.parametrize("uploader", ["rshell", "mpremote"])
def test_files_only_with(computer, board, uploader):
    computer.flash(board)
    with (computer.root / "firmware/main.py").open("a") as main:
        main.write("# one line more\n")
    done = computer.flash(board, "--files-only", "--uploader", uploader)
    works(done)
    assert f"/{uploader} " in done.said


def test_no_erase_keeps_the_users_files(computer, board):
    computer.flash(board)
    board.put("/notes.txt", "mine\n")
    done = computer.flash(board, "--no-erase")
    works(done)
    assert "erase-flash" not in done.said
    assert board.ctl("get", "/notes.txt") == "mine"


def test_no_erase_refuses_another_layout(computer, board):
    computer.flash(board)
    done = computer.flash(board, "--no-erase", image="small", code=2)
    assert "leave out --no-erase" in done.said
    works(computer.flash(board, "--files-only"))


def test_dry_run_prints_the_commands_and_touches_nothing(computer, board):
    def state():
        return {
            path: path.read_bytes() for path in computer.root.rglob("*") if path.is_file() and path.suffix != ".pyc"
        }

    with board.console() as console:
        console.prompt()  # the board's first start is over
    before, flash = state(), (board.state / "flash.bin").read_bytes()
    for options in ((), ("--uploader", "rshell"), ("--uploader", "mpremote"), ("--files-only",), ("--no-erase",)):
        done = computer.flash(board, "--dry-run", *options)
        assert all(line.startswith("  $ ") for line in done.stdout.splitlines())
        assert ("erase-flash" in done.stdout) == (not {"--files-only", "--no-erase"} & set(options))
    assert state() == before
    assert (board.state / "flash.bin").read_bytes() == flash


def test_without_a_yes_nothing_is_erased(computer, board):
    done = computer.clone.run(*computer.command(board))
    assert done.returncode == 2
    assert "give --yes" in done.stderr
    with board.console() as console:
        console.prompt()


def test_many_runs_in_a_row(computer, board, request):
    runs = 20 if request.config.getoption("--long") else 3
    for number in range(runs):
        with (computer.root / "firmware/main.py").open("a") as main:
            main.write(f"# run {number}\n")
        works(computer.flash(board, *(("--files-only",) if number % 2 else ())))
    print(f"{runs} of {runs} runs ended with a reading")


@pytest.fixture
def far_board(boards):
    """A board on another computer's USB port, with reset lines, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return boards("feather", "--rfc2217", str(port)), f"rfc2217://127.0.0.1:{port}"


def test_over_rfc2217(computer, far_board):
    board, address = far_board
    computer.flash(board)
    board.port = address
    works(computer.flash(board, "--files-only"))


@LONG
def test_over_rfc2217_from_the_start(computer, far_board):
    board, address = far_board
    board.port = address
    works(computer.flash(board, seconds=300))
