"""The world around the board: light, air, wires, and the commands that change and show them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .board import RED_LED, RUN_APP, Board, HARD_RESET
from .control import ControlError
from .files import FileSystem
from .i2c import FAULTS
from .light import Light

_SWITCH = {"on": True, "off": False}


class World:
    """Carries out the words of a control command on a board."""

    def __init__(self, board: Board, light: Light) -> None:
        self._board = board
        self._light = light

    def execute(self, words: list[str]) -> str:
        """The command's answer. Raises ControlError for what cannot be done."""
        verb, *arguments = words
        handler: Callable[..., str] | None = getattr(self, f"_do_{verb}", None)
        if handler is None:
            raise ControlError(f"unknown command {verb!r}")
        try:
            return handler(*arguments) or ""
        except TypeError as error:
            raise ControlError(f"{verb}: wrong number of arguments") from error

    def _do_light(self, lux: str, ratio: str | None = None) -> None:
        self._light.set(float(lux), None if ratio is None else float(ratio))

    def _do_wifi(self, switch: str, ssid: str | None = None, key: str | None = None) -> None:
        self._board.radio.change_air(on=_SWITCH[switch], ssid=ssid, key=key)

    def _do_runapp(self, action: str) -> None:
        self._board.gpio.hold(RUN_APP, {"hold": 0, "release": None}[action])

    def _do_led(self) -> str:
        return self._board.leds[RED_LED].report()

    def _do_i2c(self, fault: str) -> None:
        if fault not in FAULTS:
            raise ControlError(f"i2c takes one of {', '.join(FAULTS)}")
        self._board.bus.set_fault(fault)

    def _do_reset(self) -> None:
        if not self._board.powered:
            raise ControlError("the board has no power: `power on` first")
        self._board.reset(HARD_RESET)

    def _do_power(self, switch: str) -> None:
        (self._board.power_on if _SWITCH[switch] else self._board.power_off)()

    def _do_put(self, file: str, path: str) -> None:
        """Write a file as a programmer would: with the processor stopped, then reset."""
        data = Path(file).read_bytes()
        board = self._board
        board.halt()
        FileSystem(board.flash).write(path, data)
        board.reset(HARD_RESET)

    def _do_get(self, path: str) -> str:
        return FileSystem(self._board.flash).read(path).decode("latin-1")

    def _do_status(self) -> str:
        board = self._board
        return json.dumps(
            {
                "power": board.powered,
                "running": board.running,
                "mac": board.identity.mac.hex(),
                "image": board.image,
                "resets": board.resets,
                "wifi": board.radio.status,
                "access_point": board.radio.access_point_on,
                "radio_flash_writes": board.radio.flash_writes,
                "i2c": board.bus.fault,
                "light": self._light.lux,
                "led": board.leds[RED_LED].spells(),
            }
        )
