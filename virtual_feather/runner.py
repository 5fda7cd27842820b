"""Puts a board together with its serial path and its world, and runs it."""

from __future__ import annotations

import secrets
from pathlib import Path

from .board import Board, Identity
from .chips.tsl2561 import Tsl2561
from .control import ControlServer
from .image import write_image
from .light import Light
from .reactor import Reactor
from .serial_port import SerialPort
from .world import World

_ESPRESSIF = bytes.fromhex("5ccf7f")


def _identity(state: Path, mac: bytes | None) -> Identity:
    """The board's own numbers: drawn once, kept in its folder."""
    file = state / "mac"
    if mac is None:
        mac = bytes.fromhex(file.read_text()) if file.exists() else _ESPRESSIF + secrets.token_bytes(3)
    file.write_text(mac.hex())
    return Identity(mac)


def run(state: Path, link: Path | None, image: str, mac: bytes | None) -> int:
    """Run a board until interrupted; the exit status."""
    state.mkdir(parents=True, exist_ok=True)
    flash = state / "flash.bin"
    if not flash.exists():
        write_image(image, flash)
    reactor = Reactor()
    light = Light(reactor.now)
    board = Board(
        reactor,
        state,
        _identity(state, mac),
        lambda data: port.send(data),
        lambda now: [Tsl2561(now, lambda: (light.lux, light.ratio))],
    )
    port = SerialPort(reactor, link, board.type, lambda: None)
    server = ControlServer(reactor, state, World(board, light).execute)
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
