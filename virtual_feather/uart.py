"""The chip's UART 0 behind the USB bridge: it serves the program, or the loader after a reset into the loader."""

from __future__ import annotations

from collections.abc import Callable

from .board import HARD_RESET, Board
from .flash import PowerCut
from .rom_loader import Loader

# esptool's SYNC, its first frame. A pty has no DTR and RTS: here this frame is the request for the loader.
_SYNC = bytes.fromhex("c000082400")
_FRAME = _SYNC[:2]

_RUN_BAUD = 115200


class Uart:
    """Passes a client's bytes to the running program: MicroPython, the ROM loader or the flasher stub."""

    def __init__(self, board: Board, send: Callable[[bytes, float], None]) -> None:
        """send: puts bytes on the line to the client, not before so many seconds from now."""
        self._board = board
        self._send = send
        self._loader: Loader | None = None
        self._left: Loader | None = None  # a loader whose client went without ending it
        self._has_lines = False  # whether the loader was entered through real reset lines
        self._tail = b""  # the last bytes, for a SYNC that comes in pieces

    @property
    def baud(self) -> int:
        """Bits a second at which the chip sends."""
        return self._loader.baud if self._loader else _RUN_BAUD

    @property
    def in_loader(self) -> bool:
        """Whether the ROM loader or the stub listens."""
        return self._loader is not None

    def receive(self, data: bytes, baud: int = _RUN_BAUD, has_lines: bool = False) -> None:
        """Bytes from the client, sent at `baud`. has_lines: the port has reset lines, so no byte resets."""
        if self._loader is None and not has_lines:
            self._find_loader(data, baud)
        if self._loader is None:
            self._board.type(data)
        else:
            self._feed(data)

    def print(self, data: bytes) -> None:
        """Bytes of the running program to the client."""
        if self._loader is None:
            self._send(data, 0.0)

    def halted(self) -> None:
        """The chip has been reset or has lost its power: no loader runs."""
        self._loader = self._left = None
        self._tail = b""

    def closed(self) -> None:
        """The client has gone. Without reset lines, this also stands for esptool's hard reset at its end."""
        self._tail = b""
        if self._loader and not self._has_lines:
            loader = self._loader
            self._board.reset(HARD_RESET)
            self._left = loader

    def hold(self) -> None:
        """EN is low."""
        self._board.halt()

    def start(self, loader: bool) -> None:
        """EN is high: the loader runs if GPIO0 is low, otherwise the program in flash."""
        if not self._board.powered:
            return
        if loader:
            self._loader, self._has_lines = self._new_loader(), True
        else:
            self._board.reset(HARD_RESET)

    def _new_loader(self) -> Loader:
        return Loader(self._board.flash, self._board.identity.mac)

    def _find_loader(self, data: bytes, baud: int) -> None:
        if not self._board.powered:
            return
        recent = self._tail + data
        self._tail = recent[-len(_SYNC) + 1 :]
        loader = None
        if _SYNC in recent:
            loader = self._new_loader()
            loader.baud = baud  # the ROM measures the rate of what it hears first
        elif self._left and data.startswith(_FRAME):
            loader = self._left  # left running (--after no-reset-stub), and used again
        if loader:
            self._board.halt()
            self._loader, self._has_lines = loader, False

    def _feed(self, data: bytes) -> None:
        try:
            answer = self._loader.feed(data)
        except PowerCut:
            self._board.power_off()
            return
        self._send(answer, self._loader.busy_s)
        if self._loader.finished:
            self._board.reset(HARD_RESET)
