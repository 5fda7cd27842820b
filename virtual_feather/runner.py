"""Puts a board together with its serial path and its world, and runs it."""

from __future__ import annotations

import secrets
from pathlib import Path

from .board import Board, Identity
from .chips.light import Light
from .chips.tsl2561 import Tsl2561
from .control import ControlServer
from .image import make_image
from .layouts import layout
from .reactor import Reactor
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


def run(state: Path, link: Path | None, image: str, mac: bytes | None, fast: bool = False) -> int:
    """Run a board until interrupted; the exit status."""
    state.mkdir(parents=True, exist_ok=True)
    new = not (state / "flash.bin").exists()
    reactor = Reactor()
    light = Light(reactor.now, _INDOORS_LUX)
    board = Board(reactor, state, _identity(state, mac), [Tsl2561(reactor.now, light)], fast)
    if new:
        board.flash.program(0, make_image(layout(image)))
    uart = Uart(board)
    board.serial = uart.send
    uart.port = port = SerialPort(reactor, link, uart.receive, uart.closed)
    server = ControlServer(reactor, state, World(reactor, board, light).execute)
    try:
        board.power_on()
        print(f"serial: {port.path}", flush=True)
        reactor.run()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        board.power_off()
        server.close()
        port.close()
    return 0
