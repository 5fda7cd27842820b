"""The chips that are connected to the board: plugged in and out by name."""

from __future__ import annotations

from collections.abc import Callable

from .chips import Chip
from .chips.air import Air
from .chips.bh1750 import Bh1750
from .chips.bme280 import Bme280
from .chips.dht22 import Dht22
from .chips.ds18b20 import Ds18b20
from .chips.light import Light
from .chips.lm75 import Lm75
from .chips.sht31 import Sht31
from .chips.tsl2561 import Tsl2561
from .gpio import PINS
from .i2c import I2cBus
from .wires import Device, Wires

# Name, class, what it measures, what distinguishes it.
_ON_THE_BUS = {
    "tsl2561": (Tsl2561, Light, {"package": "T"}),
    "tsl2561cs": (Tsl2561, Light, {"package": "CS"}),
    "bh1750": (Bh1750, Light, {}),
    "bme280": (Bme280, Air, {"kind": "BME280"}),
    "bmp280": (Bme280, Air, {"kind": "BMP280"}),
    "sht31": (Sht31, Air, {}),
    "lm75": (Lm75, Air, {}),
}
_ON_A_GPIO = ("ds18b20", "dht22")
USUAL = ("tsl2561",)
"""The chips of a board by default."""


class Plugboard:
    """Plugs chips into the I2C bus and into GPIOs.

    A chip is written as its name, `@` and its place: a GPIO, or an I2C address, left out if it is the usual one.
    After another `@` comes the serial number of a 1-Wire device: `bme280`, `bme280@0x77`, `dht22@14`, `ds18b20@14@2`.
    """

    def __init__(self, clock: Callable[[], float], light: Light, air: Air, bus: I2cBus, wires: Wires) -> None:
        self._clock = clock
        self._light = light
        self._air = air
        self._bus = bus
        self._wires = wires
        self._plugged: dict[str, Chip | tuple[int, Device]] = {}

    @property
    def plugged(self) -> list[str]:
        """The connected chips, as they were written."""
        return list(self._plugged)

    def plug(self, text: str) -> None:
        """Plug in a chip, fresh from power-on. Raises ValueError."""
        if text in self._plugged:
            raise ValueError(f"{text} is plugged in already")
        self._put(text, self._make(text))

    def exchange(self, kind: str, text: str) -> None:
        """Plug in a chip, and pull out all whose names begin with `kind`. If it raises ValueError, nothing changes."""
        chip = self._make(text)
        for old in [old for old in self._plugged if old.startswith(kind)]:
            self.unplug(old)
        self._put(text, chip)

    def unplug(self, text: str) -> None:
        """Pull a chip out. Raises ValueError."""
        if text not in self._plugged:
            raise ValueError(f"{text} is not plugged in, but {', '.join(self.plugged) or 'nothing'}")
        chip = self._plugged.pop(text)
        if isinstance(chip, tuple):
            self._wires.remove(*chip)
        else:
            self._fill_bus()

    def _put(self, text: str, chip: Chip | tuple[int, Device]) -> None:
        self._plugged[text] = chip
        if isinstance(chip, tuple):
            self._wires.add(*chip)
        else:
            self._fill_bus()

    def _fill_bus(self) -> None:
        self._bus.plug(*(chip for chip in self._plugged.values() if isinstance(chip, Chip)))

    def _make(self, text: str) -> Chip | tuple[int, Device]:
        """A chip for the I2C bus, or a GPIO and the device that is wired to it. Raises ValueError."""
        name, *place = text.split("@")
        numbers = [int(number, 0) for number in place]
        if name in _ON_THE_BUS and len(numbers) <= 1:
            return self._on_the_bus(name, {"address": numbers[0]} if numbers else {})
        if name in _ON_A_GPIO and 1 <= len(numbers) <= (2 if name == "ds18b20" else 1):
            return numbers[0], self._on_a_gpio(name, *numbers)
        wired = [f"{name}@GPIO" for name in _ON_A_GPIO]
        raise ValueError(f"there is no {text}, but {', '.join([*_ON_THE_BUS, *wired])}")

    def _on_the_bus(self, name: str, options: dict[str, int]) -> Chip:
        make, measures, own = _ON_THE_BUS[name]
        return make(self._clock, self._light if measures is Light else self._air, **own, **options)

    def _on_a_gpio(self, name: str, gpio: int, serial: int = 1) -> Device:
        if gpio not in PINS:
            raise ValueError(f"there is no GPIO {gpio}")
        if name == "dht22":
            return Dht22(self._clock, self._air)
        return Ds18b20(self._clock, self._air, serial=serial)
