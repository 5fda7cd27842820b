"""flash.sh when something is wrong: with the board, the port, the image, the settings, the broker or the cable.

The board's files are never lost, and the next run repairs the board.
"""

import json
import os
import signal
import subprocess

import pytest
from computer import LONG, interrupted, works
from terminal import Terminal

from host.board.repl import Repl

BLOCKING = "while True:\n    pass\n"
STUBBORN = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass\n"
WATCHDOG = "from machine import WDT\nimport time\nwdt = WDT()\nwhile True:\n    wdt.feed()\n    time.sleep_ms(100)\n"
DEAF = "import micropython\nmicropython.kbd_intr(-1)\nwhile True:\n    pass\n"


@pytest.mark.parametrize(
    "main",
    [BLOCKING, WATCHDOG, DEAF, pytest.param(STUBBORN, marks=LONG)],
    ids=["endless", "watchdog", "deaf", "stubborn"],
)
def test_whatever_main_py_does_it_is_saved_and_replaced(computer, board, main):
    board.put("/main.py", main)
    works(computer.flash(board))
    assert computer.saved("main.py") == [main]


def test_a_watchdog_that_a_program_has_started_is_fed(board):
    board.put("/boot.py", "from machine import WDT\nWDT()\n")
    with Repl(board.port) as repl:
        end = board.clock + 10
        while board.clock < end:
            assert "boot.py" in repl.survey().files


@pytest.mark.parametrize("main", [pytest.param(BLOCKING, marks=LONG), WATCHDOG], ids=["endless", "watchdog"])
def test_files_only_gets_the_board_from_main_py(computer, board, main):
    computer.flash(board)
    with board.console() as console:
        console.prompt()  # as for a user who copies a file: the node has stopped
    board.put("/main.py", main)
    works(computer.flash(board, "--files-only"))
    assert computer.saved("main.py") == [main]


def test_files_only_on_a_board_without_micropython(computer, bare):
    done = computer.flash(bare(), "--files-only", code=5)
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
def test_bad_image_is_found_before_anything_is_erased(computer, board, damage, word):
    computer.images["romfs"].write_bytes(damage(computer.images["romfs"].read_bytes()))
    done = computer.flash(board, code=6)
    assert word in done.said
    with board.console() as console:
        console.prompt()  # MicroPython is still there


def test_bad_settings_touch_nothing(computer, board):
    computer.config(mqtt={"server": "127.0.0.1", "port": 99999})
    done = computer.flash(board, code=1)
    assert "mqtt.port" in done.said
    assert "esptool" not in done.said


def test_busy_port_names_its_holder(computer, board):
    with subprocess.Popen(["sleep", "60"], stdin=open(board.port)) as holder:
        try:
            done = computer.flash(board, code=4)
        finally:
            holder.kill()
    assert f"sleep (process {holder.pid})" in done.said


def test_missing_port(computer, board):
    board.stop()
    assert "there is no" in computer.flash(board, code=4).said


def test_broker_absent(computer, board, broker):
    broker.stop()
    computer.config(wifi={"ssid": "air", "timeout_s": 5}, mqtt={"server": "127.0.0.1", "port": broker.port})
    done = computer.flash(board, code=9)
    nobody = f"no broker answers at 127.0.0.1:{broker.port}: ./bootstrap.sh --broker sets one up"
    assert "is in fault 2" in done.said and done.said.count(nobody) == 2  # before the erase, and at the end


def test_without_a_broker_nothing_is_written_unless_somebody_says_so(computer, board, broker):
    broker.stop()
    before = (board.state / "flash.bin").read_bytes()
    done = computer.clone.run(*computer.command(board))
    assert done.returncode == 10
    assert "./bootstrap.sh --broker" in done.stderr and "nothing was written" in done.stderr
    with Terminal(computer.command(board), computer.root) as terminal:
        terminal.read_until(b"write the board all the same? [y/N] ")
        terminal.type(b"n\n")
        code, said = terminal.end()
    assert code == 2 and b"nothing was written, as you said" in said
    assert (board.state / "flash.bin").read_bytes() == before


def test_a_wrong_key_of_the_wifi_is_named(computer, board):
    board.ctl("wifi", "on", "--ssid", "air", "--key", "the right key")
    computer.config(wifi={"ssid": "air", "key": "another key", "timeout_s": 5}, mqtt=computer.settings()["mqtt"])
    done = computer.flash(board, code=9)
    assert "is in fault 7, Wi-Fi is not joined: air: wrong key; ./bootstrap.sh --set wifi.ssid=NAME" in done.said


def test_a_file_that_does_not_compile_is_not_sent(computer, board):
    main = computer.root / "firmware/main.py"
    lines = main.read_text().count("\n")
    main.write_text(main.read_text() + "    if True print(1)\n")
    done = computer.flash(board, code=8)
    assert f"firmware/main.py, line {lines + 1}, does not compile" in done.said
    assert "if True print(1)" in done.said and "Erase" not in done.said


@pytest.mark.parametrize("answer", ["board", "here"])
def test_settings_changed_on_the_board_are_not_lost(computer, board, answer):
    """They are shown, and one answer keeps them."""
    computer.flash(board)
    path = computer.root / "config.json"
    here = json.loads(path.read_text())
    there = json.loads(path.read_text())
    there["sensors"][0]["every_s"] = 3
    there["wifi"]["key"] = "planted-secret"
    board.put("/config.json", json.dumps(there))
    with Terminal(computer.command(board, "--files-only"), computer.root) as terminal:
        said = terminal.read_until(b"[board/here] ")
        terminal.type(answer.encode() + b"\n")
        code, rest = terminal.end()
    assert code == 0, said + rest
    assert b"sensors.0.every_s: 3 -> 1" in said and b"wifi.key (not shown)" in said
    assert b"planted" not in said + rest
    wanted = there if answer == "board" else here
    assert json.loads(path.read_text()) == wanted == json.loads(board.ctl("get", "/config.json"))


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
def test_full_file_system(computer, board):
    computer.flash(board)
    with board.console() as console:
        console.prompt()
        console.run(FILL)
    with (computer.root / "firmware/main.py").open("a") as main:
        main.write("#" * 9000)
    done = computer.flash(board, "--files-only", code=8)
    assert "file system is full" in done.said
    computer.flash(board)
    assert computer.saved("main.py") == []


def cable_pulled(computer, board, options, when):
    """Run flash.sh until a line of its output matches `when`: then the board disappears in the middle of a byte."""
    code, said = interrupted(computer, board, options, when, lambda _: os.kill(board.pid, signal.SIGKILL))
    assert code in (4, 5, 7, 8), said
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
def test_cable_pulled_is_mended_by_the_next_run(computer, boards, bare, options, when, erased):
    board = bare("--paced") if erased else boards("feather", "--paced")  # paced, so that the cut falls in the middle
    cable_pulled(computer, board, options, when)
    board = boards("feather")
    works(computer.flash(board, *options))


def test_cable_pulled_during_files_only(computer, boards):
    board = boards("feather")
    computer.flash(board)
    board.stop()
    board = boards("feather", "--paced")
    with (computer.root / "firmware/main.py").open("a") as main:
        main.write("# longer\n" * 300)
    cable_pulled(computer, board, ("--files-only",), r"cp .*main\.py")
    board = boards("feather")
    works(computer.flash(board, "--files-only"))
