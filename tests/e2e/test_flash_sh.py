"""flash.sh from a bare board to a publishing node, and from every accident back to one.

The real esptool, rshell and mpremote, on a virtual Feather behind a pty.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from boards import ROOT
from clone import Clone

from host.images import IMAGES

UPLOADERS = ("image", "rshell", "mpremote")
LONG = pytest.mark.skipif("not config.getoption('--long')", reason="./test.sh --long runs it")


class Desk:
    """A user's computer: a clone with its config.json, a stand-in image of each kind, a broker."""

    def __init__(self, folder, broker):
        self.clone = Clone(folder / "clone")
        self.root = self.clone.folder
        self.config(mqtt={"server": "127.0.0.1", "port": broker.port})
        self.images = {}
        for name, image in IMAGES.items():
            self.images[name] = folder / image.file_name
            command = [sys.executable, "-m", "virtual_feather", "image", name, "--out", self.images[name]]
            subprocess.run(command, cwd=ROOT, check=True, timeout=30)
        # What bootstrap.sh gets from the index: a stand-in for the real one where the small image needs it.
        if (ROOT / "build" / "device_libs").is_dir():
            shutil.copytree(ROOT / "build" / "device_libs", self.root / "build" / "device_libs")

    def config(self, **changes):
        settings = {"wifi": {"ssid": "air"}, "sensors": [{"driver": "tsl2561", "every_s": 1}]} | changes
        (self.root / "config.json").write_text(json.dumps(settings))

    def command(self, board, *options, image="romfs"):
        """The command line; with `--files-only` the image is the one on the board."""
        given = [] if "--files-only" in options else ["--image", str(self.images[image])]
        return [sys.executable, "-m", "host.flash", "--port", board.port, *given, *options]

    def flash(self, board, *options, image="romfs", code=0, seconds=150):
        """Run flash.sh's Python, expect an exit code; what it said."""
        done = self.clone.run(*self.command(board, "--yes", *options, image=image), seconds=seconds)
        assert done.returncode == code, done.stdout + done.stderr
        assert (
            'Traceback (most recent call last):\n  File "/' not in done.stderr
        )  # one of ours; the board's name main.py
        done.said = done.stderr
        return done

    def saved(self, name):
        """What was saved under that name, newest last."""
        return [path.read_text() for path in sorted(self.root.glob(f"backup/*/*/{name}"))]


@pytest.fixture
def desk(tmp_path, broker):
    return Desk(tmp_path, broker)


@pytest.fixture
def bare(tmp_path, boards):
    """start(*options): a board with an erased flash."""

    def start(*options):
        (tmp_path / "feather").mkdir()
        (tmp_path / "feather" / "flash.bin").write_bytes(b"\xff" * (4 << 20))
        return boards("feather", *options)

    return start


def works(done):
    """The node's announcement and its first reading are what it printed."""
    announcement, reading = done.stdout.splitlines()
    assert re.fullmatch(r"connect/feather-[0-9a-f]{6} [0-9a-f]{12}", announcement)
    assert re.fullmatch(r"sensors/feather-[0-9a-f]{6}/lux 2\d\d\.\d\d", reading)


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("uploader", UPLOADERS)
def test_from_an_erased_flash_to_a_reading(desk, bare, image, uploader):
    board = bare()
    works(desk.flash(board, "--uploader", uploader, image=image))
    assert desk.saved("main.py") == []


def test_the_two_commands_of_the_readme(desk, board, broker):
    (desk.root / "config.json").unlink()
    settings = ("wifi.ssid=air", "mqtt.server=127.0.0.1", f"mqtt.port={broker.port}", "sensors.0.every_s=1")
    words = [word for setting in settings for word in ("--set", setting)]
    assert desk.clone.run("./bootstrap.sh", *words, seconds=300).returncode == 0
    done = desk.clone.run("./flash.sh", "--port", board.port, "--image", str(desk.images["romfs"]), "--yes")
    assert done.returncode == 0, done.stderr
    works(done)
    (kept,) = desk.root.glob("keys/feather-*.json")
    config = json.loads((desk.root / "config.json").read_text())
    assert json.loads(kept.read_text()) == {"update_key": config["update_key"]}


def test_two_boards_from_one_config_json_are_told_of_their_key(desk, boards):
    desk.config(mqtt=json.loads((desk.root / "config.json").read_text())["mqtt"], update_key="ab" * 32)
    assert "update_key" not in desk.flash(boards("one")).said
    said = desk.flash(boards("two")).said
    assert re.search(r"its update_key is also that of feather-\w{6}: \./bootstrap\.sh --set client_id=feather-", said)


def test_every_command_is_shown_before_it_runs(desk, board):
    said = desk.flash(board).said
    shown = re.findall(r"^  \$ \S*?(\w+) (.*)$", said, re.MULTILINE)
    assert ("esptool", f"--chip esp8266 --port {board.port} --baud 460800 erase-flash") in shown
    assert any(
        program == "esptool" and "--baud 460800 write-flash --flash-size detect --flash-mode dio 0x0" in words
        for program, words in shown
    )


def test_what_was_on_the_board_is_never_lost(desk, board):
    desk.flash(board)
    board.put("/main.py", "print('by hand')\n")
    board.put("/notes.txt", "mine\n")
    desk.flash(board)
    assert desk.saved("main.py") == ["print('by hand')\n"]
    assert desk.saved("notes.txt") == ["mine\n"]
    assert oct((desk.root / "backup").stat().st_mode)[-3:] == "700"
    desk.flash(board)  # as flash.sh left it: nothing more to save
    assert len(desk.saved("main.py")) == 1


def test_files_only_sends_what_differs_and_leaves_the_users_own(desk, board):
    desk.flash(board)
    board.put("/notes.txt", "mine\n")
    # An earlier version had a file that this one has not.
    board.put("/lib/old.py", "# old\n")
    (record,) = desk.root.glob("backup/*/deployed.json")
    known = json.loads(record.read_text())
    known["files"]["lib/old.py"] = hashlib.sha256(b"# old\n").hexdigest()
    record.write_text(json.dumps(known))
    with (desk.root / "firmware/main.py").open("a") as main:
        main.write("# one line more\n")
    done = desk.flash(board, "--files-only")
    works(done)
    (command,) = re.findall(r"^  \$ (.* :main.py)$", done.said, re.MULTILINE)
    assert re.findall(r" (?:cp \S+|rm) :(\S+)", command) == ["lib/old.py", "main.py"]
    assert board.ctl("get", "/notes.txt") == "mine"
    assert "the board has these files already" in desk.flash(board, "--files-only").said


def test_a_module_of_the_users_own_in_the_root_is_named_and_stays(desk, board):
    desk.flash(board)
    board.put("/node/pins.py", "# not one of ours\n")
    ours = min((desk.root / "firmware/lib/node").glob("[!_]*.py"))
    board.put(f"/node/{ours.name}", ours.read_text())
    said = until(desk, board, ("--files-only",), "wait for its first reading")
    assert f"node/{ours.name} on the board is used in place of the module in lib" in said
    assert "node/pins.py" not in said


@pytest.mark.parametrize("uploader", ["rshell", "mpremote"])
def test_files_only_with(desk, board, uploader):
    desk.flash(board)
    with (desk.root / "firmware/main.py").open("a") as main:
        main.write("# one line more\n")
    done = desk.flash(board, "--files-only", "--uploader", uploader)
    works(done)
    assert f"/{uploader} " in done.said


def test_no_erase_keeps_the_users_files(desk, board):
    desk.flash(board)
    board.put("/notes.txt", "mine\n")
    done = desk.flash(board, "--no-erase")
    works(done)
    assert "erase-flash" not in done.said
    assert board.ctl("get", "/notes.txt") == "mine"


def test_no_erase_refuses_another_layout(desk, board):
    desk.flash(board)
    done = desk.flash(board, "--no-erase", image="small", code=2)
    assert "leave out --no-erase" in done.said
    works(desk.flash(board, "--files-only"))


def test_dry_run_prints_the_commands_and_touches_nothing(desk, board):
    def state():
        return {path: path.read_bytes() for path in desk.root.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    with board.console() as console:
        console.prompt()  # its own first start is over
    before, flash = state(), (board.state / "flash.bin").read_bytes()
    for options in ((), ("--uploader", "rshell"), ("--uploader", "mpremote"), ("--files-only",), ("--no-erase",)):
        done = desk.flash(board, "--dry-run", *options)
        assert all(line.startswith("  $ ") for line in done.stdout.splitlines())
        assert ("erase-flash" in done.stdout) == (not {"--files-only", "--no-erase"} & set(options))
    assert state() == before
    assert (board.state / "flash.bin").read_bytes() == flash


def test_without_a_yes_nothing_is_erased(desk, board):
    done = desk.clone.run(*desk.command(board))
    assert done.returncode == 2
    assert "give --yes" in done.stderr
    with board.console() as console:
        console.prompt()


BLOCKING = "while True:\n    pass\n"
STUBBORN = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass\n"
WATCHDOG = "from machine import WDT\nimport time\nwdt = WDT()\nwhile True:\n    wdt.feed()\n    time.sleep_ms(100)\n"
DEAF = "import micropython\nmicropython.kbd_intr(-1)\nwhile True:\n    pass\n"


@pytest.mark.parametrize(
    "main",
    [BLOCKING, WATCHDOG, DEAF, pytest.param(STUBBORN, marks=LONG)],
    ids=["endless", "watchdog", "deaf", "stubborn"],
)
def test_whatever_main_py_does_it_is_saved_and_replaced(desk, board, main):
    board.put("/main.py", main)
    works(desk.flash(board))
    assert desk.saved("main.py") == [main]


@pytest.mark.parametrize("main", [pytest.param(BLOCKING, marks=LONG), WATCHDOG], ids=["endless", "watchdog"])
def test_files_only_gets_the_board_from_main_py(desk, board, main):
    desk.flash(board)
    board.put("/main.py", main)
    works(desk.flash(board, "--files-only"))
    assert desk.saved("main.py") == [main]


def test_files_only_on_a_board_without_micropython(desk, bare):
    done = desk.flash(bare(), "--files-only", code=5)
    assert "without --files-only" in done.said


@pytest.mark.parametrize(
    "damage, word",
    [
        (lambda data: data[:-100], "truncated"),
        (lambda data: data[:5000] + b"\0\0\0\0" + data[5004:], "damaged"),
        (lambda data: b"<html>404</html>", "web page"),
        (lambda data: b"\x7fELF" + data[4:], "Espressif"),
    ],
)
def test_bad_image_is_found_before_anything_is_erased(desk, board, damage, word):
    desk.images["romfs"].write_bytes(damage(desk.images["romfs"].read_bytes()))
    done = desk.flash(board, code=6)
    assert word in done.said
    with board.console() as console:
        console.prompt()  # MicroPython is still there


def test_bad_settings_touch_nothing(desk, board):
    desk.config(mqtt={"server": "127.0.0.1", "port": 99999})
    done = desk.flash(board, code=1)
    assert "mqtt.port" in done.said
    assert "esptool" not in done.said


def test_busy_port_names_its_holder(desk, board):
    with subprocess.Popen(["sleep", "60"], stdin=open(board.port)) as holder:
        try:
            done = desk.flash(board, code=4)
        finally:
            holder.kill()
    assert f"sleep (process {holder.pid})" in done.said


def test_missing_port(desk, board):
    board.stop()
    assert "there is no" in desk.flash(board, code=4).said


def test_broker_absent(desk, board, broker):
    broker.stop()
    desk.config(wifi={"ssid": "air", "timeout_s": 5}, mqtt={"server": "127.0.0.1", "port": broker.port})
    done = desk.flash(board, code=9)
    assert "does not reach the broker" in done.said


FILL = """
n, block = 0, bytes(512)
try:
    while True:
        with open("big%d" % n, "wb") as f:
            for _ in range(64): f.write(block)
        n += 1
except OSError: pass
"""


@LONG
def test_full_file_system(desk, board):
    desk.flash(board)
    with board.console() as console:
        console.prompt()
        console.run(FILL, timeout=60)
    with (desk.root / "firmware/main.py").open("a") as main:
        main.write("#" * 9000)
    done = desk.flash(board, "--files-only", code=8)
    assert "file system is full" in done.said
    desk.flash(board)
    assert desk.saved("main.py") == []


def until(desk, board, options, when):
    """Run flash.sh until its output has `when`, then end it; what it said."""
    command = desk.command(board, "--yes", *options)
    pipes = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=desk.root, text=True, **pipes) as process:
        said = ""
        for line in process.stderr:
            said += line
            if when in line:  # the node cannot start, and that would be seen after a minute
                process.terminate()
                return said
    pytest.fail(f"{when!r} was not said, but:\n{said}")


def interrupted(desk, board, options, when):
    """Run flash.sh until its output has `when`, then pull the cable: the board is gone in the middle of a byte."""
    with subprocess.Popen(
        desk.command(board, "--yes", *options),
        cwd=desk.root,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = ""
        for line in process.stderr:
            said += line
            if re.search(when, line):
                os.kill(board.pid, signal.SIGKILL)
                break
        said += process.stderr.read()
        process.wait(150)
    assert process.returncode in (4, 5, 7, 8), said
    assert "run this again" in said
    board.stop()


@pytest.mark.parametrize(
    "options, when, erased",
    [
        ((), r"Erasing flash", False),
        ((), r"Writing '.*GENERIC", True),
        pytest.param((), r"Writing '.*romfs\.bin", True, marks=LONG),
        pytest.param((), r"Writing '.*littlefs", True, marks=LONG),
        pytest.param(("--uploader", "rshell"), r"Copying .*main\.py", True, marks=LONG),
        pytest.param(("--uploader", "mpremote"), r"cp .*main\.py", True, marks=LONG),
    ],
    ids=["erase", "write image", "write romfs", "write littlefs", "rshell", "mpremote"],
)
def test_cable_pulled_is_mended_by_the_next_run(desk, boards, bare, options, when, erased):
    board = bare("--paced") if erased else boards("feather", "--paced")  # so that there is a middle
    interrupted(desk, board, options, when)
    board.stop()
    board = boards("feather")
    works(desk.flash(board, *options))


def test_cable_pulled_during_files_only(desk, boards):
    board = boards("feather")
    desk.flash(board)
    board.stop()
    board = boards("feather", "--paced")
    with (desk.root / "firmware/main.py").open("a") as main:
        main.write("# longer\n" * 300)
    interrupted(desk, board, ("--files-only",), r"cp .*main\.py")
    board = boards("feather")
    works(desk.flash(board, "--files-only"))


def test_many_runs_in_a_row(desk, board, request):
    runs = 20 if request.config.getoption("--long") else 3
    for number in range(runs):
        with (desk.root / "firmware/main.py").open("a") as main:
            main.write(f"# run {number}\n")
        works(desk.flash(board, *(("--files-only",) if number % 2 else ())))
    print(f"{runs} of {runs} runs ended with a reading")


@pytest.fixture
def far_board(boards):
    """A board on another computer's USB port, with reset lines, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return boards("feather", "--rfc2217", str(port)), f"rfc2217://127.0.0.1:{port}"


def test_over_rfc2217(desk, far_board):
    board, address = far_board
    desk.flash(board)
    board.port = address
    works(desk.flash(board, "--files-only"))


@LONG
def test_over_rfc2217_from_the_start(desk, far_board):
    board, address = far_board
    board.port = address
    works(desk.flash(board, seconds=300))
