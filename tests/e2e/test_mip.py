"""The node's library, installed by the real `mpremote mip`, from this folder and by HTTP."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from boards import ROOT, RunningBoard
from nodes import config_for
from waits import LIMIT_S

LIB = ROOT / "firmware" / "lib"


def install(board: RunningBoard, package: str) -> str:
    """Install a package; mpremote's output."""
    command = [sys.executable, "-m", "mpremote", "connect", board.port, "mip", "install", package]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A handler that logs nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """serve(folder) serves it by HTTP on loopback; the address."""
    with contextlib.ExitStack() as stack:

        def start(folder: Path) -> str:
            handler = functools.partial(Quiet, directory=folder)
            httpd = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
            thread = threading.Thread(target=httpd.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(httpd.shutdown)
            return f"http://127.0.0.1:{httpd.server_address[1]}"

        yield start


def on_board(board: RunningBoard) -> dict[str, int]:
    """Files of /lib and their sizes."""
    code = """
import json, os
def walk(folder):
    for name, kind, _, size in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            walk(path)
        else:
            found[path[5:]] = size
found = {}
walk("/lib")
print(json.dumps(found))
"""
    with board.console() as console:
        console.prompt()
        return json.loads(console.run(code))


def test_from_this_folder_every_module_arrives_and_a_driver_runs_from_source(board):
    install(board, "./package.json")
    assert on_board(board) == {
        str(file.relative_to(LIB)): file.stat().st_size for file in LIB.rglob("*.*") if file.suffix in (".py", ".txt")
    }
    with board.console() as console:
        console.prompt()
        assert console.run("import node.sensors.tsl2561 as driver\nprint(driver.Sensor)") == "<class 'Sensor'>\n"


def test_compiled_over_http_a_board_runs_the_node(boards, broker, serve):
    board = boards("b", "--image", "plain")
    made = subprocess.run(
        [sys.executable, "-m", "host.image.mip"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    install(board, serve(Path(made.stdout.strip()).parent))
    for name in ("boot.py", "main.py"):
        board.put(f"/{name}", (ROOT / "firmware" / name).read_bytes())
    board.put("/config.json", json.dumps(config_for(broker)))
    assert float(broker.wait("sensors/n1/lux").payload) > 0


def test_a_missing_package_is_said(board, serve, tmp_path):
    command = [sys.executable, "-m", "mpremote", "connect", board.port, "mip", "install", f"{serve(tmp_path)}/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode and "Package not found" in done.stderr
