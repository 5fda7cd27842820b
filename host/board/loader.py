"""The board's ROM loader, through esptool: identify, erase, write, read."""

import os
import re
import sys
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from esptool import cmds
from esptool.loader import ESPLoader
from esptool.logger import EsptoolLogger
from esptool.util import FatalError, flash_size_bytes

from host.board.esptool_log import EsptoolLog
from host.board.ports import is_address
from host.console import Console
from host.failure import Exit, Failure

_ESPTOOL = Path(sys.executable).with_name("esptool")
_SAFE_BAUD = 115200
_TROUBLE = (FatalError, OSError, termios.error)

# esptool's errors when the port cannot be used: (pattern, message). The first match counts.
_PORT_REASONS = (
    (r"Permission denied", "no permission for {port}: sudo usermod -a -G dialout $USER, then log out and in again"),
    (
        r"port is busy or doesn't exist|[Cc]ould not (?:open|exclusively lock) port",
        "{port} cannot be opened: is the board plugged in, and no other program using it (sudo fuser -v {port})?",
    ),
)
_SILENCE = r"Failed to connect|No (serial|more) data|data stream stopped|Invalid head of packet|Timed out waiting"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Board:
    """What the ROM loader reports: `mac` is twelve lower-case hex digits, `flash_size` bytes."""

    mac: str
    flash_size: int


class Loader:
    """esptool's connection to the board on `port`, as a context manager.

    Made when it is first needed and kept until close(): every connection costs a reset and 1.5 s, in which esptool puts
    its flasher stub into the chip's memory. Each method prints the command line that does the same, and raises Failure
    (port, board, flash). Reads and writes run at `baud`; if one breaks off, it is repeated at 115200.
    """

    def __init__(self, console: Console, port: str, baud: int) -> None:
        self._console = console
        self._port = port
        self._baud = baud
        self._esp: ESPLoader | None = None
        self._at_speed = False
        EsptoolLogger().set_logger(EsptoolLog())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def identify(self) -> Board:
        """Return which board is there; a dry run assumes a Feather HUZZAH."""
        self._console.command([_ESPTOOL, "--port", self._port, "flash-id"])
        if self._console.dry_run:
            return Board("000000000000", 4 << 20)
        esp = self._connect()
        try:
            cmds.read_mac(esp)
            cmds.flash_id(esp)
            mac, size = bytes(esp.read_mac()).hex(), cmds.detect_flash_size(esp)
        except _TROUBLE as e:
            raise self._failure("reading", e) from e
        if not size:
            raise Failure(
                Exit.BOARD,
                f"the flash of the board on {self._port} is not recognised: try another cable or a slower --baud",
            )
        return Board(mac, flash_size_bytes(size))

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes of the flash; none in a dry run."""
        words = ["read-flash", f"{address:#x}", str(size), f"{address:#x}.bin"]
        return self._do("reading", words, lambda esp: cmds.read_flash(esp, address, size)) or b""

    def erase(self) -> None:
        """Erase the whole flash."""
        self._do("erasing", ["erase-flash"], cmds.erase_flash)

    def write(self, parts: Sequence[tuple[int, Path]], mode: str = "dio") -> None:
        """Write files to their addresses, compare their MD5 with that of the flash, and let the board start."""
        pairs = [word for address, path in parts for word in (f"{address:#x}", str(path))]
        pieces = [(address, str(path)) for address, path in parts]
        self._do(
            "writing",
            ["write-flash", "--flash-size", "detect", "--flash-mode", mode, *pairs],
            lambda esp: cmds.write_flash(esp, pieces, flash_mode=mode, flash_size="detect"),
        )
        self.close()

    def close(self) -> None:
        """Let the board start, and close the port."""
        if esp := self._esp:
            self._esp = None
            with suppress(*_TROUBLE):
                cmds.reset_chip(esp, "hard-reset")
            with suppress(*_TROUBLE):
                esp.__exit__(None, None, None)

    def _connect(self) -> ESPLoader:
        """Return the flasher stub; start it if necessary."""
        if not self._esp:
            try:
                esp = cmds.connect_esp(self._port, initial_baud=min(self._baud, _SAFE_BAUD))
                self._esp, self._at_speed = esp, False
                if esp.CHIP_NAME == "ESP8266":
                    self._esp = cmds.run_stub(esp)
                    cmds.attach_flash(self._esp)
            except _TROUBLE as e:
                raise self._failure("connecting", e) from e
            if esp.CHIP_NAME != "ESP8266":
                raise Failure(Exit.BOARD, f"the chip on {self._port} is an {esp.CHIP_NAME}: this needs an ESP8266")
        return self._esp

    def _do(self, doing: str, words: list[str], act: Callable[[ESPLoader], Result]) -> Result | None:
        """Print the command, and do the same with `act`. Returns None in a dry run."""
        while True:
            command = [_ESPTOOL, "--chip", "esp8266", "--port", self._port, "--baud", str(self._baud), *words]
            self._console.command(command)
            if self._console.dry_run:
                return None
            esp = self._connect()
            try:
                self._speed_up(esp)
                return act(esp)
            except _TROUBLE as e:
                self.close()
                failure = self._failure(doing, e)
                if self._baud <= _SAFE_BAUD or failure.code == Exit.PORT:
                    raise failure from e
                self._console.note(f"  that did not work at {self._baud} baud ({_brief(e)}): once more at {_SAFE_BAUD}")
                self._baud = _SAFE_BAUD

    def _speed_up(self, esp: ESPLoader) -> None:
        if self._baud > _SAFE_BAUD and not self._at_speed:
            esp.change_baud(self._baud)
            self._at_speed = True

    def _failure(self, doing: str, error: BaseException) -> Failure:
        if not is_address(self._port) and not os.path.exists(self._port):
            return Failure(
                Exit.PORT, f"{self._port} went away while {doing}: plug the board in and run this again, that mends it"
            )
        for pattern, sentence in _PORT_REASONS:
            if re.search(pattern, str(error)):
                return Failure(Exit.PORT, sentence.format(port=self._port))
        if doing != "connecting":
            return Failure(
                Exit.FLASH,
                f"{doing} the flash broke off ({_brief(error)}): check the cable and run this again, that mends it",
            )
        if re.search(_SILENCE, str(error)):
            return Failure(
                Exit.BOARD,
                f"nothing answers on {self._port}: hold GPIO0 to GND, press RESET, let go of GPIO0 and run this again "
                "(or the cable only charges, or another program holds the port)",
            )
        return Failure(
            Exit.BOARD,
            f"esptool cannot talk to the board on {self._port} ({_brief(error)}): press RESET, then run this again",
        )


def _brief(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
