"""Which serial port the board is on, and why it cannot be used.

A port is a device (/dev/ttyUSB0, /dev/serial/by-id/...), a pty, or an address (rfc2217://host:port).
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from host.console import Console
from host.failure import Exit, Failure

# USB bridges on ESP8266 boards: (vendor, product): chip. The ids are those of the chips, shared by many boards.
BRIDGES = {
    (0x10C4, 0xEA60): "CP210x",
    (0x1A86, 0x7523): "CH340",
    (0x1A86, 0x55D4): "CH9102",
    (0x0403, 0x6001): "FT232R",
    (0x0403, 0x6015): "FT231X",
    (0x067B, 0x2303): "PL2303",
}
_BY_ID = Path("/dev/serial/by-id")


@dataclass(frozen=True)
class Port:
    """A serial port with a bridge that ESP8266 boards use."""

    device: str
    bridge: str
    serial_number: str | None
    by_id: str | None

    def __str__(self) -> str:
        number = f", serial number {self.serial_number}" if self.serial_number else ""
        return f"{self.by_id or self.device} ({self.bridge}{number})"


def candidates(listing=list_ports.comports, by_id: Path = _BY_ID) -> list[Port]:
    """Return the ports that may have an ESP8266 board, sorted by name."""
    links = {str(link.resolve()): str(link) for link in sorted(by_id.iterdir())} if by_id.is_dir() else {}
    return [
        Port(found.device, BRIDGES[found.vid, found.pid], found.serial_number, links.get(found.device))
        for found in sorted(listing(), key=lambda found: found.device)
        if (found.vid, found.pid) in BRIDGES
    ]


def find(console: Console, found: list[Port]) -> str:
    """Return the only port found, or the one the user picks. Raises Failure (port) when there is no clear choice."""
    if not found:
        raise Failure(
            Exit.PORT,
            "no board found on USB: plug it in with a cable that carries data (many only charge), or give --port PATH",
        )
    if len(found) == 1:
        return found[0].device
    lines = "".join(f"\n  {number}  {port}" for number, port in enumerate(found, 1))
    if console.assume_yes or console.dry_run:
        raise Failure(Exit.PORT, f"{len(found)} boards found, give one of them with --port:{lines}")
    console.note(f"{len(found)} boards found:{lines}")
    answer = console.answer(f"which one? [1-{len(found)}] ")
    if not answer.isdecimal() or not 1 <= int(answer) <= len(found):
        raise Failure(Exit.PORT, f"{answer!r} is none of them: nothing was touched")
    return found[int(answer) - 1].device


def check(port: str) -> None:
    """Raise Failure (port) with the reason when `port` cannot be opened, or when another program has it open."""
    if is_address(port):
        return
    if not os.path.exists(port):
        raise Failure(Exit.PORT, f"there is no {port}: plug the board in (ls /dev/serial/by-id shows what is there)")
    if not stat.S_ISCHR(os.stat(port).st_mode):
        raise Failure(Exit.PORT, f"{port} is not a serial port")
    if who := holders(port):
        raise Failure(Exit.PORT, f"{port} is in use by {', '.join(who)}: end it, then run this again")
    try:
        os.close(os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError as e:
        raise Failure(Exit.PORT, _why(port, e)) from e


def is_address(port: str) -> bool:
    return "://" in port


def _why(port: str, error: OSError) -> str:
    if error.errno == errno.EACCES:
        return (
            f"no permission for {port}: sudo usermod -a -G dialout {os.environ.get('USER', '$USER')}, "
            "then log out and in again"
        )
    if error.errno == errno.EBUSY:
        return (
            f"{port} is in use by a program of another user: sudo fuser -v {port} names it; end it, then run this again"
        )
    return f"{port} cannot be opened ({error.strerror}): pull the cable out, plug it in and run this again"


def holders(port: str, proc: Path = Path("/proc")) -> list[str]:
    """Return "name (process 123)" for each other process that has `port` open, as far as we may look."""
    device = os.path.realpath(port)
    found = []
    for process in proc.iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            if any(os.readlink(fd) == device for fd in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text().strip()} (process {process.name})")
        except OSError:  # another user's process, or one that has just ended
            continue
    return found
