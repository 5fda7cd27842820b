"""A user's computer for tests of flash.sh (`computer`), and boards with an erased flash (`bare`)."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from boards import ROOT
from clone import Clone
from waits import LIMIT_S

from host.image.images import IMAGES

LONG = pytest.mark.skipif("not config.getoption('--long')", reason="./test.sh --long runs it")


class Computer:
    """A user's computer: a clone with its config.json, a stand-in image of each kind, a broker."""

    def __init__(self, folder, broker):
        self.clone = Clone(folder / "clone")
        self.root = self.clone.folder
        self.config(mqtt={"server": "127.0.0.1", "port": broker.port})
        self.images = {}
        for name, image in IMAGES.items():
            self.images[name] = folder / image.file_name
            command = [sys.executable, "-m", "virtual_feather", "image", name, "--out", self.images[name]]
            subprocess.run(command, cwd=ROOT, check=True, timeout=LIMIT_S)
        # What bootstrap.sh gets from the index: a stand-in for the real one where the small image needs it.
        if (ROOT / "build" / "device_libs").is_dir():
            shutil.copytree(ROOT / "build" / "device_libs", self.root / "build" / "device_libs")

    def config(self, **changes):
        settings = {"wifi": {"ssid": "air"}, "sensors": [{"driver": "tsl2561", "every_s": 1}]} | changes
        (self.root / "config.json").write_text(json.dumps(settings))

    def settings(self):
        return json.loads((self.root / "config.json").read_text())

    def command(self, board, *options, image="romfs"):
        """The command line; with `--files-only` the image is the one on the board."""
        given = [] if "--files-only" in options else ["--image", str(self.images[image])]
        return [sys.executable, "-m", "host.flash", "--port", board.port, *given, *options]

    def flash(self, board, *options, image="romfs", code=0, seconds=150):
        """Run flash.sh's Python, expect an exit code; its output."""
        done = self.clone.run(*self.command(board, "--yes", *options, image=image), seconds=seconds)
        assert done.returncode == code, done.stdout + done.stderr
        ours = 'Traceback (most recent call last):\n  File "/'  # those of the board name main.py
        assert ours not in done.stderr
        done.said = done.stderr
        return done

    def saved(self, name):
        """What was saved under that name, newest last."""
        return [path.read_text() for path in sorted(self.root.glob(f"backup/*/*/{name}"))]


@pytest.fixture
def computer(tmp_path, broker):
    return Computer(tmp_path, broker)


@pytest.fixture
def bare(tmp_path, boards):
    """start(*options): a board with an erased flash."""

    def start(*options):
        (tmp_path / "feather").mkdir()
        (tmp_path / "feather" / "flash.bin").write_bytes(b"\xff" * (4 << 20))
        return boards("feather", *options)

    return start


def works(done):
    """Check that it printed the node's announcement and its first reading."""
    assert re.search(r"^feather-[0-9a-f]{6} on \S+ works\.", done.said, re.MULTILINE), done.said
    announcement, reading = done.stdout.splitlines()
    assert re.fullmatch(r"connect/feather-[0-9a-f]{6} [0-9a-f]{12}", announcement)
    assert re.fullmatch(r"sensors/feather-[0-9a-f]{6}/lux 2\d\d\.\d\d", reading)


def interrupted(computer, board, options, when, end):
    """Run flash.sh until a line of its output matches `when`, then end(its process); its exit code and output."""
    command = computer.command(board, "--yes", *options)
    pipes = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=computer.root, text=True, **pipes) as process:
        said = ""
        for line in process.stderr:
            said += line
            if re.search(when, line):
                end(process)
                said += process.stderr.read()
                return process.wait(LIMIT_S), said
    pytest.fail(f"{when!r} was not said, but:\n{said}")
