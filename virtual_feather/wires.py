"""The devices that are wired to single GPIOs: 1-Wire devices, and sensors that answer in pulses."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable

from .chips import OneWireChip, PulseChip
from .gpio import Gpio
from .processor.page import Page

Device = OneWireChip | PulseChip


class Wires:
    """The devices of each GPIO. The processor decodes time slots and plays pulses (sdk/onewire.c, sdk/pulses.c)."""

    def __init__(self, page: Page, gpio: Gpio) -> None:
        self._page = page
        self._gpio = gpio
        self._devices: dict[int, list[Device]] = defaultdict(list)
        self._heard: set[int] = set()

    @property
    def handlers(self) -> dict[str, Callable]:
        """The handlers of the processor's messages, by kind."""
        return {"0": self._reset, "1": self._write, "2": self._read}

    def add(self, number: int, device: Device) -> None:
        """Wire a device to a GPIO, with the pull-up resistor that it needs; the resistor stays when the device goes."""
        self._gpio.pull_up(number, True)
        self._devices[number].append(device)
        self._mark()
        if number not in self._heard and isinstance(device, PulseChip):
            self._heard.add(number)
            self._gpio.listen(number, lambda level: self._changed(number, level))

    def remove(self, number: int, device: Device) -> None:
        """Remove a device from its GPIO."""
        self._devices[number].remove(device)
        self._mark()

    def _mark(self) -> None:
        """Tell the processor on which pads to look for time slots."""
        self._page.onewire = sum(1 << number for number in self._devices if self._of(number, OneWireChip))

    def pulses(self) -> bytes:
        """The pulses that a device sends now, as the answer to `P`; empty: none."""
        for number in self._heard:
            for device in self._of(number, PulseChip):
                level, lengths = 1, []
                while (length := device.pulse(level)) is not None:
                    lengths.append(length)
                    level ^= 1
                if lengths:
                    return struct.pack(f"<{1 + len(lengths)}H", number, *lengths)
        return b""

    def _of(self, number: int, kind: type) -> list:
        return [device for device in self._devices[number] if isinstance(device, kind)]

    def _changed(self, number: int, level: int) -> None:
        for device in self._of(number, PulseChip):
            device.level(level)

    def _reset(self, data: bytes) -> int:
        """Whether a device answers with its presence."""
        devices = self._of(data[0], OneWireChip)
        for device in devices:
            device.reset()
        return bool(devices)

    def _read(self, data: bytes) -> int:
        """A bit: 1 if no device pulls the wire low."""
        answers = [device.read() for device in self._of(data[0], OneWireChip)]  # each device sees each slot
        return all(answers)

    def _write(self, data: bytes) -> int:
        for device in self._of(data[0], OneWireChip):
            device.write(data[1])
        return 0
