"""flash.sh when something is wrong: with the board, the port, the image, the settings, the broker or the cable.

What was on the board is never lost, and the next run mends it.
"""

import os
import signal
import subprocess

import pytest
from desk import LONG, interrupted, works

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


def cable_pulled(desk, board, options, when):
    """Run flash.sh until a line of its output matches `when`: the board is gone in the middle of a byte."""
    code, said = interrupted(desk, board, options, when, lambda _: os.kill(board.pid, signal.SIGKILL))
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
def test_cable_pulled_is_mended_by_the_next_run(desk, boards, bare, options, when, erased):
    board = bare("--paced") if erased else boards("feather", "--paced")  # so that there is a middle
    cable_pulled(desk, board, options, when)
    board = boards("feather")
    works(desk.flash(board, *options))


def test_cable_pulled_during_files_only(desk, boards):
    board = boards("feather")
    desk.flash(board)
    board.stop()
    board = boards("feather", "--paced")
    with (desk.root / "firmware/main.py").open("a") as main:
        main.write("# longer\n" * 300)
    cable_pulled(desk, board, ("--files-only",), r"cp .*main\.py")
    board = boards("feather")
    works(desk.flash(board, "--files-only"))
