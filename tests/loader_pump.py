"""Puts a serial loader behind a pty and runs the real esptool on it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import tty
from pathlib import Path

from waits import LIMIT_S

from virtual_feather.flash import Flash
from virtual_feather.rom_loader import Loader

MAC = bytes.fromhex("5ccf7f0a1b2c")
TOP = Path(__file__).resolve().parents[1]
# Where test.sh puts esptool 4.8 (pip install --target), beside the 5.x of this interpreter.
ESPTOOL_4 = TOP / "build" / "esptool4"

_WITH_UNDERSCORES = {
    "erase-flash", "erase-region", "flash-id", "image-info", "no-reset", "no-reset-stub", "read-flash", "read-mac",
    "soft-reset", "verify-flash", "write-flash",
}  # fmt: skip


class Pump:
    """A board in its loader: everything written to `path` reaches it until `close`."""

    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self.bauds: list[int] = []
        self.reset()
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """Pull the chip's reset line: the ROM loader starts."""
        self.loader = Loader(self._flash, MAC)

    def close(self) -> None:
        os.close(self._stopped)
        self._thread.join(LIMIT_S)
        for descriptor in (self._stop, self._master, self._slave):
            os.close(descriptor)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._stop], [], [])
            if self._stop in ready:
                return
            answer = self.loader.feed(os.read(self._master, 65536))
            if not self.bauds or self.bauds[-1] != self.loader.baud:
                self.bauds.append(self.loader.baud)
            while answer:
                answer = answer[os.write(self._master, answer) :]


def esptool(major: int, *arguments: str | Path, timeout: float = 60) -> str:
    """Run esptool 4.8 or 5.x with arguments in the spelling of 5.x; what it prints. Raises CalledProcessError."""
    words = [str(word) for word in arguments]
    environment = dict(os.environ)
    if major == 4:
        words = [word.replace("-", "_") if word in _WITH_UNDERSCORES else word for word in words]
        environment["PYTHONPATH"] = str(ESPTOOL_4)
    command = [sys.executable, "-m", "esptool", *words]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout + done.stderr
