"""The board's ROM loader, through esptool: who is there, erase, write, read."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from host.console import Console
from host.failure import Exit, Failure
from host.ports import is_address

_ESPTOOL = Path(sys.executable).with_name("esptool")
_SAFE_BAUD = 115200

# What esptool says when it does not get through: (pattern, code, sentence). The first match counts.
_REASONS = (
    (
        r"This chip is (\S+), not",
        Exit.BOARD,
        "the chip on {port} is an {0}: this needs an ESP8266",
    ),
    (
        r"Permission denied",
        Exit.PORT,
        "no permission for {port}: sudo usermod -a -G dialout $USER, then log out and in again",
    ),
    (
        r"port is busy or doesn't exist|[Cc]ould not (?:open|exclusively lock) port",
        Exit.PORT,
        "{port} cannot be opened: is the board plugged in, and no other program using it (sudo fuser -v {port})?",
    ),
    (
        r"Failed to connect to|No serial data received|Invalid head of packet|Timed out waiting for packet",
        Exit.BOARD,
        "nothing answers on {port}: hold GPIO0 to GND, press RESET, let go of GPIO0 and run this again "
        "(or the cable only charges, or another program holds the port)",
    ),
)


@dataclass(frozen=True)
class Board:
    """What the ROM loader told: `mac` is twelve lower-case hex digits, `flash_size` bytes."""

    mac: str
    flash_size: int


def identify(console: Console, port: str) -> Board:
    """Return who is on `port`; a dry run assumes a Feather HUZZAH. Raises Failure (port, board)."""
    status, output = console.run([_ESPTOOL, "--port", port, "flash-id"])
    if console.dry_run:
        return Board("000000000000", 4 << 20)
    if status:
        raise _failure(port, output) or Failure(
            Exit.BOARD, f"esptool cannot talk to the board on {port}: {_last(output)}"
        )
    chip = re.search(r"Chip type: +(\S+)", output)
    mac = re.search(r"MAC: +([0-9a-f:]{17})", output)
    size = re.search(r"Detected flash size: (\d+)(KB|MB)", output)
    if not chip or not chip[1].startswith("ESP8266"):
        raise Failure(
            Exit.BOARD, f"the chip on {port} is an {chip[1] if chip else 'unknown one'}: this needs an ESP8266"
        )
    if not mac or not size:
        raise Failure(
            Exit.BOARD, f"the flash of the board on {port} is not recognised: try another cable or a slower --baud"
        )
    return Board(mac[1].replace(":", ""), int(size[1]) << (10 if size[2] == "KB" else 20))


def erase(console: Console, port: str) -> None:
    """Erase the whole flash."""
    _run(console, port, "erasing", ["--chip", "esp8266", "--port", port, "erase-flash"])


def write(console: Console, port: str, baud: int, parts: Sequence[tuple[int, Path]], mode: str = "dio") -> None:
    """Write files to their addresses, and let the board start. At `baud`; when that breaks off, once more at 115200."""
    pairs = [word for address, path in parts for word in (f"{address:#x}", str(path))]
    what = ["write-flash", "--flash-size", "detect", "--flash-mode", mode, *pairs]
    _at_baud(console, port, baud, "writing", what)


def read(console: Console, port: str, baud: int, piece: tuple[int, int], path: Path) -> None:
    """Read a piece of the flash (address, bytes) into a file."""
    _at_baud(console, port, baud, "reading", ["read-flash", f"{piece[0]:#x}", str(piece[1]), str(path)])


def _at_baud(console: Console, port: str, baud: int, doing: str, what: list[str]) -> None:
    options = ["--chip", "esp8266", "--port", port, "--baud"]
    try:
        _run(console, port, doing, [*options, str(baud), *what])
    except Failure as e:
        if baud <= _SAFE_BAUD or e.code == Exit.PORT:
            raise
        console.note(f"  that did not work at {baud} baud: once more at {_SAFE_BAUD}")
        _run(console, port, doing, [*options, str(_SAFE_BAUD), *what])


def _run(console: Console, port: str, doing: str, arguments: list[str]) -> None:
    status, output = console.run([_ESPTOOL, *arguments])
    if not status:
        return
    if not is_address(port) and not os.path.exists(port):
        raise Failure(Exit.PORT, f"{port} went away while {doing}: plug the board in and run this again, that mends it")
    raise _failure(port, output) or Failure(
        Exit.FLASH, f"{doing} the flash broke off ({_last(output)}): check the cable and run this again, that mends it"
    )


def _failure(port: str, output: str) -> Failure | None:
    for pattern, code, sentence in _REASONS:
        if found := re.search(pattern, output):
            return Failure(code, sentence.format(*found.groups(), port=port))
    return None


def _last(output: str) -> str:
    """Return esptool's own words for what went wrong."""
    if errors := re.findall(r"error occurred: *(.+)", output):
        return errors[-1].strip().rstrip(".")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "esptool said nothing"
