"""Puts a board together with its serial path and its world, and runs it."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .board import Board, Identity
from .control import ControlServer
from .errors import UserError
from .image import make_image
from .layouts import layout
from .pacing import Line
from .plugboard import USUAL
from .reactor import Alarm, Reactor
from .rfc2217_port import ResetLines, Rfc2217Port
from .serial_port import SerialPort
from .uart import Uart
from .world import World

_ESPRESSIF = bytes.fromhex("5ccf7f")
_PATIENCE_S = 3.0
_BRIDGE_BITS = 512 * 10  # held in a USB bridge, so that the line does not pause before the next piece
_FIFO_BITS = 126 * 10  # held by the chip's transmitter before a program has to wait


@dataclass(frozen=True, slots=True)
class Options:
    """How a board is run."""

    state: Path  # its folder
    link: Path | None = None  # symbolic link to the serial path
    image: str = "romfs"  # firmware of a new board
    mac: bytes | None = None
    rfc2217: int | None = None  # TCP port of a serial path with reset lines
    paced: bool = False  # the line and the flash take as long as real ones
    chip_speed: bool = False  # programs take as long as on the chip
    fast: float | None = None  # skip idle time for so many seconds; None: never, `ctl clock` included
    network: bool = False  # whether it reaches this computer's network, and not only the computer
    chips: tuple[str, ...] = USUAL  # connected chips, as in `ctl plug`


class Feather:
    """A board with its serial paths and its world."""

    def __init__(self, options: Options) -> None:
        """Raises UserError."""
        self._closing = ExitStack()
        try:
            self._set_up(options)
        except BaseException:
            self._closing.close()
            raise

    def _set_up(self, options: Options) -> None:
        self._closing.callback(os.close, _lock(options.state))
        self.reactor = reactor = Reactor()
        self._closing.callback(reactor.close)
        self.board = self._make_board(options)
        self._closing.callback(self.board.close)
        self._uart = Uart(self.board, self._to_client)
        self.board.serial, self.board.halted = self._uart.print, self._uart.halted
        self._paced = options.paced
        self._out = Line(reactor, self._deliver, lambda: self._uart.baud)
        self._out_drained: Alarm | None = None
        self._tcp: Rfc2217Port | None = None
        self._port = SerialPort(reactor, options.link, self._from_client(False), self._uart.closed, self._regulate)
        self._closing.callback(self._port.close)
        if options.rfc2217 is not None:
            lines = ResetLines(self._uart.hold, self._uart.start)
            self._tcp = Rfc2217Port(reactor, options.rfc2217, lines, self._from_client(True), self._regulate)
            self._closing.callback(self._tcp.close)
        server = ControlServer(reactor, options.state, World(reactor, self.board, options.chips).execute)
        self._closing.callback(server.close)

    def _make_board(self, options: Options) -> Board:
        new = not (options.state / "flash.bin").exists()
        try:
            identity = _identity(options.state, options.mac)
            board = Board(
                self.reactor,
                options.state,
                identity,
                fast=options.fast,
                paced=options.paced,
                network=options.network,
                chip_speed=options.chip_speed,
            )
        except ValueError as error:
            raise UserError(str(error)) from error
        if new:
            board.flash.program(0, make_image(layout(options.image)))
        return board

    def start(self) -> None:
        """Switch the board on, and print its serial paths once it is ready."""
        self._silent = True
        self.board.started = self._announce
        self.board.power_on()
        # A board without firmware, or with a file system that it refuses, never starts: it waits for esptool.
        self.reactor.call_in(_PATIENCE_S if self.board.running else 0.0, self._announce)

    def _announce(self) -> None:
        if self._silent:
            self._silent = False
            for port in filter(None, (self._port, self._tcp)):
                print(f"serial: {port.path}", flush=True)

    def close(self) -> None:
        """Switch off and unplug everything."""
        self._closing.close()

    # The line, in both directions.

    def _from_client(self, has_lines: bool) -> Callable[[bytes], float]:
        def baud() -> int:
            return self._tcp.baud if has_lines else self._port.baud

        def receive(data: bytes) -> None:
            self._uart.receive(data, baud(), has_lines)

        def receive_at_once(data: bytes) -> float:
            receive(data)
            return 0.0

        line = Line(self.reactor, receive, baud)

        def receive_paced(data: bytes) -> float:
            line.send(data)
            return max(0.0, line.ahead_s - _BRIDGE_BITS / baud())

        return receive_paced if self._paced else receive_at_once

    def _to_client(self, data: bytes, busy_s: float) -> None:
        if self._paced:
            self._out.send(data, self.reactor.now() + busy_s)
            self._regulate()
        else:
            self._deliver(data)

    def _deliver(self, data: bytes) -> None:
        self._port.send(data)
        if self._tcp:
            self._tcp.send(data)

    def _regulate(self) -> None:
        """Let the program print as fast as the line and the clients take it, and no faster."""
        excess_s = self._out.ahead_s - _FIFO_BITS / self._uart.baud
        if excess_s > 0 and not self._out_drained:
            self._out_drained = self.reactor.call_in(excess_s, self._drained)
        full = self._port.full or (self._tcp is not None and self._tcp.full)
        self.board.hold_output(full or self._out_drained is not None)

    def _drained(self) -> None:
        self._out_drained = None
        self._regulate()


def _lock(state: Path) -> int:
    """Make the folder if need be, and lock it against a second board; the descriptor that holds the lock."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UserError(f"{state} cannot hold a board: {error.strerror}; choose another --state") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise UserError(f"a board is running in {state} already: stop it, or choose another --state") from error
    return descriptor


def _identity(state: Path, mac: bytes | None) -> Identity:
    """The board's MAC: given, or drawn at random once; kept in its folder. Raises ValueError for a damaged file."""
    file = state / "mac"
    if mac is None:
        mac = bytes.fromhex(file.read_text()) if file.exists() else _ESPRESSIF + os.urandom(3)
    if len(mac) != 6:
        raise ValueError(f"{file} does not hold a MAC: remove it, or give --mac")
    file.write_text(mac.hex())
    return Identity(mac)


def run(options: Options) -> int:
    """Run a board until SIGINT, SIGTERM or SIGHUP; the exit status. Raises UserError."""
    feather = Feather(options)
    feather.reactor.stop_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        feather.start()
        feather.reactor.run()
    finally:
        feather.close()
    return 0
