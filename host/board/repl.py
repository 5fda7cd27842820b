"""The board's prompt: interrupts whatever runs there, looks at the board's files, and ends with a restart.

Uses mpremote's transport, in raw-paste mode: it sends no more bytes than the board has room for.
"""

import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

MPREMOTE = Path(sys.executable).with_name("mpremote")
_ON_BOARD = Path(__file__).with_name("on_board")
SURVEY = _ON_BOARD / "survey.py"
_BAUD = 115200  # MicroPython's own on the ESP8266
_RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n"
_TROUBLE = (TransportError, OSError, struct.error, ValueError, SyntaxError)


class Lost(Exception):
    """The prompt could not be taken, or the board went away in the middle of a conversation."""


@dataclass(frozen=True)
class BoardFile:
    size: int  # bytes
    sha256: str  # hexadecimal


@dataclass(frozen=True)
class Survey:
    """What is on a board: blocks of its LittleFS, all and free, files and folders by path without a leading slash.

    half: the half of its ROMFS that runs. counter: that of its latest update over the air.
    """

    mac: str
    blocks: int
    free: int
    version: str
    files: dict[str, BoardFile]
    folders: set[str]
    half: int = 0
    counter: int = 0


class _Line(SerialTransport):
    """Waits no longer than `timeout`. mpremote waits for silence: a board that keeps restarting is never silent."""

    def read_until(self, min_num_bytes, ending, timeout=10, data_consumer=None, timeout_overall=None):  # type: ignore
        return super().read_until(min_num_bytes, ending, timeout, data_consumer, timeout_overall or timeout)


class Repl:
    """The prompt on `port`, as a context manager. All methods raise Lost.

    `patience`: seconds in which the board must give its prompt. `from_start`: restart the board, and interrupt it as
    early as this computer can. A watchdog that may run is fed.
    """

    def __init__(self, port: str, patience: float = 6.0, from_start: bool = False) -> None:
        self._port = port
        self._patience = patience
        self._from_start = from_start

    def __enter__(self) -> Self:
        try:
            self._line = _Line(self._port, _BAUD, timeout=5)
        except _TROUBLE as e:
            raise Lost(str(e)) from e
        try:
            if self._from_start:
                self._restart_and_take()
            else:
                self._take()
                self._soft_reset()
            self._exec(f"always = {self._from_start}\n{(_ON_BOARD / 'feed.py').read_text()}")
        except _TROUBLE as e:
            self.close()
            raise Lost(str(e)) from e
        except Lost:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with suppress(*_TROUBLE):
            self._line.exit_raw_repl()
        with suppress(*_TROUBLE):
            self._line.close()

    def survey(self) -> Survey:
        """Return what is on the board."""
        lines = self._exec(SURVEY.read_text()).decode().splitlines()
        try:
            mac, blocks, free, half, counter, version = lines[0].split(" ", 5)
            rows = [line.split(" ", 2) for line in lines[1:]]
            files = {path: BoardFile(int(size), digest) for digest, size, path in rows if digest != "-"}
            folders = {path for digest, _, path in rows if digest == "-"}
            return Survey(mac, int(blocks), int(free), version, files, folders, int(half), int(counter))
        except (IndexError, ValueError) as e:
            raise Lost(f"the board answers {lines}") from e

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        try:
            return bytes(self._line.fs_readfile(path))
        except _TROUBLE as e:
            raise Lost(str(e)) from e

    def switch(self, half: int, counter: int) -> None:
        """Have boot.py mount that half of the ROMFS from the next start on."""
        write = f"with open('slot.new', 'w') as f:\n f.write('{half} - {counter} ')"
        self._exec(f"import os\n{write}\nos.rename('slot.new', 'slot')")

    def restart(self) -> None:
        """Reset the chip; boot.py and main.py run."""
        try:
            self._line.exec_raw_no_follow("import machine\nmachine.reset()")
        except _TROUBLE as e:
            raise Lost(str(e)) from e
        self._line.in_raw_repl = False

    def read_new(self) -> bytes:
        """Return what the board has said since the last call."""
        try:
            return self._line.serial.read(self._line.serial.in_waiting)
        except _TROUBLE:
            return b""

    def _exec(self, code: str) -> bytes:
        try:
            output, error = self._line.exec_raw(code, timeout=60)
        except _TROUBLE as e:
            raise Lost(str(e)) from e
        if error:
            raise Lost(error.decode(errors="replace").strip().splitlines()[-1])
        return output

    def _take(self) -> None:
        """Interrupt whatever runs, and enter raw mode."""
        deadline = time.monotonic() + self._patience
        serial = self._line.serial
        # A board that is starting does not answer: on a pty mpremote would wait for its whole timeout.
        usual, serial.timeout = serial.timeout, 0.05
        try:
            while time.monotonic() < deadline:
                # Twice: the first may end a coroutine, or an `except` that goes on.
                serial.write(b"\r\x03\x03")
                time.sleep(0.05)
                serial.read(serial.in_waiting)
                serial.write(b"\r\x01")
                if self._line.read_until(1, _RAW_PROMPT, timeout=0.3, timeout_overall=1).endswith(_RAW_PROMPT):
                    return
        finally:
            serial.timeout = usual
        raise Lost(f"the board on {self._port} does not give its prompt")

    def _soft_reset(self) -> None:
        """Start MicroPython again without main.py, so that nothing remains of that: timers, sockets, a full heap."""
        serial = self._line.serial
        self._expect(b">")
        serial.write(b"\x04")
        self._expect(b"soft reboot\r\n")
        data = self._line.read_until(1, _RAW_PROMPT, timeout=2, timeout_overall=3)
        if not data.endswith(_RAW_PROMPT):  # boot.py does not end
            serial.write(b"\x03")
            self._expect(_RAW_PROMPT)

    def _restart_and_take(self) -> None:
        serial = self._line.serial
        try:  # the reset line of a USB bridge: RTS alone, because DTR would lead into the ROM loader
            serial.dtr = False
            serial.rts = True
            time.sleep(0.1)
            serial.rts = False
        except OSError:  # a pty has none
            self._take()
            self.restart()
        deadline = time.monotonic() + self._patience
        seen = b""
        while not seen.endswith(b">>> "):
            if time.monotonic() > deadline:
                raise Lost(f"the board on {self._port} does not give its prompt")
            serial.write(b"\x03")
            time.sleep(0.05)
            seen = (seen + serial.read(serial.in_waiting))[-8:]
        serial.write(b"\r\x01")
        self._expect(_RAW_PROMPT)

    def _expect(self, ending: bytes) -> None:
        data = self._line.read_until(1, ending, timeout=2, timeout_overall=5)
        if not data.endswith(ending):
            raise Lost(f"the board on {self._port} went on without us: {data[-60:]!r}")


Result = TypeVar("Result")


def with_prompt(port: str, action: Callable[[Repl], Result], patience: float = 6.0) -> Result:
    """Return what `action` returns, given the board's prompt. Raises Lost.

    If a program has started the chip's watchdog, the board resets some seconds after the program was stopped. So when
    the board is lost, `action` begins once more on a board whose watchdog is fed in any case.
    """
    try:
        with Repl(port, patience) as repl:
            return action(repl)
    except Lost:
        with Repl(port, patience, from_start=True) as repl:
            return action(repl)
