"""What is wired to single GPIOs: 1-Wire devices, and sensors that answer in pulses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from .chips import OneWireChip, PulseChip
from .gpio import Gpio

Device = OneWireChip | PulseChip


class Wires:
    """The devices of each GPIO. A wire that is tied to a level from outside carries nothing."""

    def __init__(self, gpio: Gpio) -> None:
        self._gpio = gpio
        self._devices: dict[int, list[Device]] = defaultdict(list)
        self._heard: set[int] = set()

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {
            "onewire_reset": self._reset,
            "onewire_read": self._read,
            "onewire_write": self._write,
            "pulse": self._pulse,
        }

    def add(self, number: int, device: Device) -> None:
        """Wire a device to a GPIO, with the pull-up resistor that it needs; that stays when the device goes."""
        self._gpio.pull_up(number, True)
        self._devices[number].append(device)
        if number not in self._heard:
            self._heard.add(number)
            self._gpio.listen(number, lambda level: self._changed(number, level))

    def remove(self, number: int, device: Device) -> None:
        """Take it away."""
        self._devices[number].remove(device)

    def _of(self, number: int, kind: type) -> list:
        return [device for device in self._devices[number] if isinstance(device, kind)]

    def _changed(self, number: int, level: int) -> None:
        for device in self._of(number, PulseChip):
            device.level(level)

    def _pulse(self, number: int, level: int) -> int | None:
        """Microseconds of the next pulse that a device sends; None: nobody does."""
        if not self._gpio.level(number):
            return None
        pulses = (device.pulse(level) for device in self._of(number, PulseChip))
        return next((pulse for pulse in pulses if pulse is not None), None)

    def _reset(self, number: int) -> bool:
        """Whether a device answers with its presence; a wire at ground looks like it."""
        self._gpio.release(number)
        if not self._gpio.level(number):
            return True
        devices = self._of(number, OneWireChip)
        for device in devices:
            device.reset()
        return bool(devices)

    def _read(self, number: int, bits: int) -> int:
        """Bits, the lowest first: 1 where nobody pulls the wire low."""
        value = 0
        for i in range(bits):
            # Each device sees each slot.
            answers = [device.read() for device in self._of(number, OneWireChip)]
            value |= (self._gpio.level(number) and all(answers)) << i
        return value

    def _write(self, number: int, bits: int, value: int) -> None:
        """Bits, the lowest first."""
        if not self._gpio.level(number):
            return
        for i in range(bits):
            for device in self._of(number, OneWireChip):
                device.write(value >> i & 1)
