"""UART0 behind the bridge: the program's terminal, or the loader's wire when the line has been reset into it."""

from __future__ import annotations

from .board import HARD_RESET, Board
from .flash import PowerCut
from .rom_loader import Loader
from .serial_port import SerialPort

# esptool's SYNC, its first frame. A bare pty has no DTR and RTS: this is the sign that somebody wants the loader.
_SYNC = bytes.fromhex("c000082400")
_FRAME = _SYNC[:2]


class Uart:
    """Takes what a client sends to whoever listens: MicroPython, the ROM loader or the flasher stub."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.port: SerialPort | None = None
        self._loader: Loader | None = None
        self._left: Loader | None = None  # a loader that nobody told to end
        self._tail = b""  # the last bytes, for a SYNC that comes in pieces

    @property
    def in_loader(self) -> bool:
        """Whether a loader has the line."""
        return self._loader is not None

    def receive(self, data: bytes) -> None:
        """Bytes from the client."""
        if self._loader is None:
            self._find_loader(data)
        if self._loader is None:
            self._board.type(data)
            return
        self._feed(data)

    def send(self, data: bytes) -> None:
        """Bytes of the running program to the client."""
        if self.port and self._loader is None:
            self.port.send(data)

    def closed(self) -> None:
        """The client has gone. With no reset lines this is also how esptool's closing hard reset shows."""
        self._tail = b""
        if self._loader:
            self._left, self._loader = self._loader, None
            self._board.reset(HARD_RESET)

    def _find_loader(self, data: bytes) -> None:
        if not self._board.powered:
            return
        recent = self._tail + data
        self._tail = recent[-len(_SYNC) + 1 :]
        if _SYNC in recent:
            self._loader = Loader(self._board.flash, self._board.identity.mac)
        elif self._left and data.startswith(_FRAME):
            self._loader = self._left  # left running (--after no-reset-stub), and taken up again
        if self._loader:
            self._left = None
            self._board.halt()

    def _feed(self, data: bytes) -> None:
        try:
            answer = self._loader.feed(data)
        except PowerCut:
            self._loader = None
            self._board.power_off()
            return
        if self.port:
            self.port.send(answer)
        if self._loader.finished:
            self._loader = None
            self._board.reset(HARD_RESET)
