"""The world around the board: light, air, wires, and the commands that change and show them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

from .board import HARD_RESET, RED_LED, RUN_APP, Board
from .chips.light import DAYLIGHT, Light
from .control import ControlError
from .files import FileSystem
from .i2c import FAULTS
from .reactor import Alarm, Reactor

_DAY_S = 120.0
_DAY_STEP_S = 0.25
_NOON_LUX = 30000.0
_NIGHT_LUX = 0.05
_SWITCH = {"on": True, "off": False}


class World:
    """Carries out the words of a control command on a board."""

    def __init__(self, reactor: Reactor, board: Board, light: Light) -> None:
        self._reactor = reactor
        self._board = board
        self._light = light
        self._sun: Alarm | None = None

    def execute(self, words: list[str]) -> str:
        """The command's answer. Raises ControlError for what cannot be done."""
        verb, *arguments = words
        handler: Callable[..., str] | None = getattr(self, f"_do_{verb}", None)
        if handler is None:
            raise ControlError(f"unknown command {verb!r}")
        try:
            return handler(*arguments) or ""
        except (TypeError, KeyError) as error:
            raise ControlError(f"{verb} does not take {' '.join(arguments) or 'nothing'}") from error
        except (ValueError, OSError) as error:
            raise ControlError(f"{verb}: {error}") from error

    def _do_light(self, level: str, ratio: str | None = None) -> None:
        if self._sun:
            self._sun.cancel()
            self._sun = None
        if level == "day":
            self._follow_the_day(self._reactor.now())
        else:
            self._light.set(float(level), DAYLIGHT if ratio is None else float(ratio))

    def _follow_the_day(self, dawn: float) -> None:
        """A day in two minutes, from the early morning on: an arc above the horizon, starlight below it."""
        height = math.sin(2 * math.pi * ((self._reactor.now() - dawn) / _DAY_S + 0.05))
        self._light.set(max(_NIGHT_LUX, _NOON_LUX * max(0.0, height) ** 2))
        self._sun = self._reactor.call_in(_DAY_STEP_S, lambda: self._follow_the_day(dawn))

    def _do_wifi(self, switch: str, ssid: str | None = None, key: str | None = None) -> None:
        self._board.radio.change_air(on=_SWITCH[switch], ssid=ssid, key=key)

    def _do_runapp(self, action: str) -> None:
        self._board.gpio.hold(RUN_APP, {"hold": 0, "release": None}[action])

    def _do_adc(self, volts: str) -> None:
        self._board.adc.volts = float(volts)

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
                "light": self._light.level[0],
                "led": board.leds[RED_LED].spells(),
            }
        )
