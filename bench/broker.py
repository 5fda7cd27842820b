"""A Mosquitto of the benchmarks' own, on loopback."""

from __future__ import annotations

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
log_type none
sys_interval 1
"""
_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
_START_S = 5.0


class Broker:
    """Runs between `with`; lets everybody in."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Self:
        config = Path(self._folder.name) / "mosquitto.conf"
        config.write_text(_SETTINGS.format(port=self.port))
        program = shutil.which("mosquitto", path=_PATH)
        assert program, "mosquitto is not installed"
        self._process = subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, "mosquitto does not listen"
                time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def version(self) -> str:
        """As it says itself."""
        program = shutil.which("mosquitto", path=_PATH) or "mosquitto"
        said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
        return said.splitlines()[0].removeprefix("mosquitto version ") if said else os.uname().sysname
