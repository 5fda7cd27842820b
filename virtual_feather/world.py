"""The world around the board: light, air, wires, and the commands that change and show them."""

from __future__ import annotations

import inspect
import json
import math

from .board import HARD_RESET, RED_LED, RUN_APP, Board
from .chips.air import Air
from .chips.light import DAYLIGHT, Light
from .control import Command
from .errors import UserError
from .files import FileSystem
from .gpio import PINS
from .i2c import FAULTS
from .plugboard import USUAL, Plugboard
from .reactor import Alarm, Reactor
from .verbs import VERBS

_INDOORS_LUX = 250.0
_DAY_S = "120"
_DAY_STEPS = 2880  # in a day of 24 hours they are half a minute apart
_NOON_LUX = 30000.0
_NIGHT_LUX = 0.05
_SPEEDS = {"fast": math.inf, "real": 0.0}
_SWITCH = {"on": True, "off": False}
_USAGE = 2  # exit status


class World:
    """Carries out the commands of `ctl` on a board."""

    def __init__(self, reactor: Reactor, board: Board, chips: tuple[str, ...] = USUAL) -> None:
        """chips: connected to the board, as for Plugboard.plug. Raises UserError for a chip that does not exist."""
        self._reactor = reactor
        self._board = board
        self._light = Light(reactor.now, _INDOORS_LUX)
        self._air = Air()
        self._sun: Alarm | None = None
        self._plugboard = Plugboard(reactor.now, self._light, self._air, board.bus, board.wires)
        for chip in chips:
            try:
                self._plugboard.plug(chip)
            except ValueError as error:
                raise UserError(str(error), _USAGE) from error

    def execute(self, command: Command) -> bytes:
        """The command's output. Raises UserError for what cannot be done."""
        if command.verb not in VERBS:
            raise UserError(f"ctl has no verb {command.verb!r}: it takes {', '.join(VERBS)}", _USAGE)
        handler = getattr(self, f"_do_{command.verb}")
        data = {"data": command.data} if command.verb == "put" else {}
        usage = f"ctl {command.verb} {VERBS[command.verb].takes}".rstrip()
        try:
            inspect.signature(handler).bind(*command.arguments, **command.options, **data)
        except TypeError as error:
            raise UserError(f"usage: {usage}", _USAGE) from error
        try:
            return handler(*command.arguments, **command.options, **data) or b""
        except KeyError as error:
            raise UserError(f"{command.verb} does not take {error}; usage: {usage}", _USAGE) from error
        except ValueError as error:
            raise UserError(f"{command.verb}: {error}; usage: {usage}", _USAGE) from error

    def _do_light(self, level: str, *, ratio: str = str(DAYLIGHT), lasts: str = _DAY_S) -> None:
        if level == "day":
            if float(lasts) < 1:
                raise ValueError("a day lasts a second at least")
            self._stop_sun()
            self._follow_the_day(self._reactor.now(), float(lasts))
        else:
            self._light.set(float(level), float(ratio))
            self._stop_sun()

    def _stop_sun(self) -> None:
        if self._sun:
            self._sun.cancel()
            self._sun = None

    def _follow_the_day(self, dawn: float, lasts_s: float) -> None:
        """Set the light of a day from the early morning on: an arc while the sun is up, then starlight."""
        height = math.sin(2 * math.pi * ((self._reactor.now() - dawn) / lasts_s + 0.05))
        self._light.set(max(_NIGHT_LUX, _NOON_LUX * max(0.0, height) ** 2))
        self._sun = self._reactor.call_in(lasts_s / _DAY_STEPS, lambda: self._follow_the_day(dawn, lasts_s))

    def _do_set(self, name: str, value: str) -> None:
        self._air.set(name, float(value))

    def _do_chip(self, package: str, address: str = "0x39") -> None:
        name = {"T": "tsl2561", "CS": "tsl2561cs"}[package]
        self._plugboard.exchange("tsl2561", f"{name}@{address}")

    def _do_plug(self, chip: str) -> None:
        self._plugboard.plug(chip)

    def _do_unplug(self, chip: str) -> None:
        self._plugboard.unplug(chip)

    def _do_i2c(self, fault: str) -> None:
        if fault not in FAULTS:
            raise KeyError(fault)
        self._board.bus.set_fault(fault)

    def _do_wifi(self, switch: str, *, ssid: str | None = None, key: str | None = None) -> None:
        given = {name: value for name, value in (("ssid", ssid), ("key", key)) if value is not None}
        self._board.radio.change_air(on=_SWITCH[switch], **given)

    def _do_runapp(self, action: str) -> None:
        self._board.gpio.hold(RUN_APP, {"hold": 0, "release": None}[action])

    def _do_adc(self, volts: str) -> None:
        self._board.adc.volts = float(volts)

    def _do_pin(self, gpio: str, level: str) -> None:
        if int(gpio) not in PINS:
            raise ValueError(f"there is no GPIO {gpio}")
        self._board.gpio.hold(int(gpio), {"low": 0, "high": 1, "open": None}[level])

    def _do_wire(self, name: str, to: str, sda: str | None = None) -> None:
        if (name == "i2c") != (sda is not None):
            raise KeyError(name)
        if sda is not None:
            self._board.bus.wire(int(to), int(sda))
        else:
            {"gpio16": self._board.wire_wake}[name](_SWITCH[to])

    def _do_led(self) -> bytes:
        return self._board.leds[RED_LED].report().encode()

    def _do_heap(self) -> bytes:
        page = self._board.page
        found = {"free": page.heap_free, "least": min(page.heap_free, page.heap_least)} if page.heap_measured else {}
        page.heap_measured, page.heap_least = 1, -1  # the field's largest value
        return json.dumps(found).encode()

    def _do_reset(self) -> None:
        if not self._board.powered:
            raise UserError("the board has no power: `ctl power on` first")
        self._board.reset(HARD_RESET)

    def _do_power(self, switch: str, after: str | None = None) -> None:
        if (switch == "cut") != (after is not None):
            raise KeyError(switch)
        if after is not None:
            if int(after) < 0:
                raise ValueError(f"{after} bytes cannot be written")
            self._board.flash.cut_after = int(after)
        elif _SWITCH[switch]:
            self._board.power_on()
        else:
            self._board.power_off()

    def _do_clock(self, speed: str) -> None:
        seconds = _SPEEDS[speed] if speed in _SPEEDS else float(speed)
        if not seconds >= 0:
            raise ValueError(f"{speed} is no time")
        self._board.run_fast(seconds)

    def _do_put(self, file: str, path: str, data: bytes) -> None:  # noqa: ARG002 - the content has come with it
        """Write a file as a programmer would: with the processor stopped, then reset."""
        board = self._board
        board.halt()
        with board.flash.uncut():
            try:
                FileSystem(board.flash).write(path, data)
            finally:
                board.reset(HARD_RESET)

    def _do_get(self, path: str) -> bytes:
        return FileSystem(self._board.flash).read(path)

    def _do_status(self) -> bytes:
        board = self._board
        status = {
            "clock": round(self._reactor.now(), 3),
            "power": board.powered,
            "running": board.running,
            "mac": board.identity.mac.hex(),
            "image": board.image,
            "resets": board.resets,
            "wifi": board.radio.status,
            "gateway": board.gateway.address,
            "address": board.gateway.board_address,
            "servers": board.gateway.servers,
            "access_point": board.radio.access_point_on,
            "radio_flash_writes": board.radio.flash_writes,
            "chips": self._plugboard.plugged,
            "i2c": board.bus.fault,
            "i2c_pins": board.bus.pins,
            "adc": board.adc.volts,
            "light": self._light.level[0],
            **vars(self._air),
            "led": board.leds[RED_LED].spells(),
            "runapp": "release" if board.gpio.held(RUN_APP) is None else "hold",
            "gpio16": "on" if board.wake_wired else "off",
            "cut_after": board.flash.cut_after,
        }
        return json.dumps(status).encode()
