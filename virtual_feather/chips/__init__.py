"""Chips on the I2C bus: state machines that see what a chip sees on its two wires."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Chip(ABC):
    """An I2C target, byte by byte. After START the bus talks only to the chip that acknowledged its address."""

    @abstractmethod
    def start(self, address: int, read: bool) -> bool:
        """START, or START repeated, and an address byte. True: acknowledged, the chip is meant until the next."""

    @abstractmethod
    def write(self, byte: int) -> bool:
        """A byte from the controller. True: acknowledged."""

    @abstractmethod
    def read(self, last: bool) -> int:
        """A byte for the controller, which acknowledges all but the last."""

    @abstractmethod
    def stop(self) -> None:
        """STOP."""
