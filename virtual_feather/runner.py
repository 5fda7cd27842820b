"""Puts a board together with its serial path and its world, and runs it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .board import CHIP_HEAP, Board, Identity
from .chips.light import Light
from .chips.tsl2561 import Tsl2561
from .control import ControlServer
from .image import make_image
from .layouts import layout
from .pacing import Line
from .reactor import Reactor
from .rfc2217_port import ResetLines, Rfc2217Port
from .serial_port import SerialPort
from .uart import Uart
from .world import World

_INDOORS_LUX = 250.0
_ESPRESSIF = bytes.fromhex("5ccf7f")


def _identity(state: Path, mac: bytes | None) -> Identity:
    """The board's own numbers: drawn once, kept in its folder."""
    file = state / "mac"
    if mac is None:
        mac = bytes.fromhex(file.read_text()) if file.exists() else _ESPRESSIF + secrets.token_bytes(3)
    file.write_text(mac.hex())
    return Identity(mac)


@dataclass(frozen=True, slots=True)
class Options:
    """How a board is run."""

    state: Path  # its folder
    link: Path | None = None  # symbolic link to the serial path
    image: str = "romfs"  # firmware of a new board
    mac: bytes | None = None
    rfc2217: int | None = None  # TCP port of a serial path with reset lines
    paced: bool = False  # bytes and flash take their time
    fast: bool = False  # time in which nothing happens is skipped
    heap: int = CHIP_HEAP  # MicroPython's, in bytes of the chip's


class Desk:
    """A board with what is plugged into it."""

    def __init__(self, options: Options) -> None:
        state = options.state
        state.mkdir(parents=True, exist_ok=True)
        new = not (state / "flash.bin").exists()
        self.reactor = reactor = Reactor()
        light = Light(reactor.now, _INDOORS_LUX)
        chips = [Tsl2561(reactor.now, light)]
        identity = _identity(state, options.mac)
        self.board = Board(reactor, state, identity, chips, fast=options.fast, heap=options.heap)
        if new:
            self.board.flash.program(0, make_image(layout(options.image)))
        self._paced = options.paced
        self._uart = Uart(self.board, self._to_client)
        self.board.serial = self._uart.print
        self._port = SerialPort(reactor, options.link, self._from_client(False), self._uart.closed)
        self._tcp = None
        if options.rfc2217 is not None:
            lines = ResetLines(self._uart.hold, self._uart.start)
            self._tcp = Rfc2217Port(reactor, options.rfc2217, lines, self._from_client(True))
        self._out = Line(reactor, self._deliver, lambda: self._uart.baud)
        self._server = ControlServer(reactor, state, World(reactor, self.board, light).execute)

    @property
    def paths(self) -> list[str]:
        """The serial paths."""
        return [port.path for port in (self._port, self._tcp) if port]

    def close(self) -> None:
        """Unplug everything."""
        self.board.power_off()
        self._server.close()
        self._port.close()
        if self._tcp:
            self._tcp.close()

    def _from_client(self, has_lines: bool) -> Callable[[bytes], None]:
        def baud() -> int:
            return self._tcp.baud if has_lines else self._port.baud

        def receive(data: bytes) -> None:
            self._uart.receive(data, baud(), has_lines)

        return Line(self.reactor, receive, baud).send if self._paced else receive

    def _to_client(self, data: bytes, busy_s: float) -> None:
        if self._paced:
            self._out.send(data, self.reactor.now() + busy_s)
        else:
            self._deliver(data)

    def _deliver(self, data: bytes) -> None:
        self._port.send(data)
        if self._tcp:
            self._tcp.send(data)


def run(options: Options) -> int:
    """Run a board until interrupted; the exit status."""
    desk = Desk(options)
    try:
        desk.board.power_on()
        for path in desk.paths:
            print(f"serial: {path}", flush=True)
        desk.reactor.run()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        desk.close()
    return 0
