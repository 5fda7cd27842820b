"""Sensor chips that can be wired to the board: state machines that follow the signals on their wires."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Chip(ABC):
    """An I2C target, byte by byte. After START the bus talks only to the chip that acknowledged its address."""

    @abstractmethod
    def start(self, address: int, read: bool) -> bool:
        """START or repeated START, and an address byte. True: acknowledged, the chip is addressed until the next."""

    @abstractmethod
    def write(self, byte: int) -> bool:
        """A byte from the controller. True: acknowledged."""

    @abstractmethod
    def read(self) -> int:
        """A byte for the controller."""

    @abstractmethod
    def stop(self) -> None:
        """STOP."""


class OneWireChip(ABC):
    """A 1-Wire device, bit by bit: a time slot is a bit that the controller writes, or a bit that it reads."""

    @abstractmethod
    def reset(self) -> None:
        """Reset pulse. Every device answers with its presence."""

    @abstractmethod
    def write(self, bit: int) -> None:
        """A bit from the controller."""

    @abstractmethod
    def read(self) -> int:
        """A bit for the controller; a device with nothing to send releases the wire: 1."""


class PulseChip(ABC):
    """A device with a wire of its own that answers in pulses, too short for a program on this computer to sample."""

    @abstractmethod
    def level(self, level: int) -> None:
        """The controller has pulled the wire low, or let it go."""

    @abstractmethod
    def pulse(self, level: int) -> int | None:
        """Take the next pulse of this level, and drop those before it; its microseconds, or None if there is none."""
