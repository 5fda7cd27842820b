"""A chip model, its clock and a controller on its bus."""

from __future__ import annotations

from virtual_feather.chips import Chip


class Bench:
    """now: seconds. Give `clock` to the chip, then set `chip` and `address`."""

    chip: Chip
    address: int

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def wait_ms(self, ms: float) -> None:
        self.now += ms / 1000

    def write(self, *data: int) -> bool:
        """One transfer; whether all bytes were acknowledged."""
        acknowledged = self.chip.start(self.address, read=False) and all(self.chip.write(byte) for byte in data)
        self.chip.stop()
        return acknowledged

    def read(self, size: int) -> bytes | None:
        """One transfer; None when the address was not acknowledged."""
        if not self.chip.start(self.address, read=True):
            return None
        data = bytes(self.chip.read() for _ in range(size))
        self.chip.stop()
        return data

    def get(self, register: int, size: int = 1) -> bytes:
        """Registers, after a repeated START."""
        assert self.chip.start(self.address, read=False)
        assert self.chip.write(register)
        data = self.read(size)
        assert data is not None
        return data
