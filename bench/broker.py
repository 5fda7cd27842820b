"""A Mosquitto for the benchmarks, on loopback."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

_SETTINGS = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
sys_interval 1
"""
_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
_START_S = 5.0


class Broker:
    """Runs inside `with`; accepts every client. log: a file with a line per connection: seconds since 1970, what."""

    def __init__(self, log: Path | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory()
        self._log = f"log_type notice\nlog_dest file {log}\nuser {getpass.getuser()}\n" if log else "log_type none\n"

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Start it, and wait until it listens."""
        config = Path(self._folder.name) / "mosquitto.conf"
        config.write_text(_SETTINGS.format(port=self.port) + self._log)
        program = shutil.which("mosquitto", path=_PATH)
        assert program, "mosquitto is not installed"
        self._process = subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, "mosquitto does not listen"
                time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    def kill(self) -> None:
        """End it abruptly, as a power cut does."""
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def version(self) -> str:
        """The version that the program itself reports."""
        program = shutil.which("mosquitto", path=_PATH) or "mosquitto"
        said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
        return said.splitlines()[0].removeprefix("mosquitto version ") if said else os.uname().sysname
