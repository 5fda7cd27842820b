"""The ESP8266's serial loader: the ROM's own, and the flasher stub once esptool has started it.

Protocol: esptool documentation, "Serial Protocol" for the ESP8266. Details that it leaves open follow traces of real
chips: eight answers to SYNC, every answer carries the value of the last register read, 01 05 for a wrong length, 01 07
for a wrong checksum. Xtensa code is not run: code in RAM that contains the stub's greeting counts as the flasher stub,
other code hangs.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from . import slip
from .esp8266 import ROM_BAUD, Chip, Next, checksum
from .flash import BLOCK, SECTOR, Flash
from .flasher_stub import FlasherStub

_INVALID = 0x05
_FAILED = 0x06
_BAD_CHECKSUM = 0x07

_STUB_GREETING = b"OHAI"


class _Refused(Exception):
    """The command fails with this reason."""

    def __init__(self, reason: int) -> None:
        self.reason = reason


class _Rom:
    """The ROM's command loop."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._value = 0  # every answer carries it
        self._flash_at: tuple[int, int, int] | None = None  # offset, blocks, bytes a block
        self._ram_at: int | None = None
        self._ram_block = 0
        self._ram: dict[int, bytes] = {}  # blocks by address
        self._next = Next.SAME

    def receive(self, frame: bytes) -> Next:
        """Act on one command."""
        if len(frame) < 8:
            return Next.SAME
        direction, op, size, check = struct.unpack_from("<BBHI", frame)
        if direction != 0:
            return Next.SAME
        body = frame[8:]
        length, handler = _COMMANDS.get(op, (None, None))
        try:
            if not handler or size != len(body) or (length is not None and size != length):
                raise _Refused(_INVALID)
            handler(self, body, check)
        except _Refused as refusal:
            self._reply(op, bytes((1, refusal.reason)))
        else:
            self._reply(op, b"\x00\x00")
        return self._next

    def _reply(self, op: int, status: bytes) -> None:
        self._chip.send(struct.pack("<BBHI", 1, op, len(status), self._value) + status)

    # Commands: each takes the body and the checksum, raises _Refused.

    def _sync(self, body: bytes, _check: int) -> None:
        self._value = int.from_bytes(body[:4], "little")
        for _ in range(7):
            self._reply(0x08, b"\x00\x00")

    def _read_register(self, body: bytes, _check: int) -> None:
        self._value = self._chip.read_register(int.from_bytes(body, "little"))

    def _write_registers(self, body: bytes, _check: int) -> None:
        if not body or len(body) % 16:
            raise _Refused(_INVALID)
        for address, value, mask, _delay_us in struct.iter_unpack("<4I", body):
            self._chip.write_register(address, value, mask)

    def _mem_begin(self, body: bytes, _check: int) -> None:
        _size, _blocks, self._ram_block, self._ram_at = struct.unpack("<4I", body)

    def _mem_data(self, body: bytes, check: int) -> None:
        sequence, data = self._data(body, check)
        if self._ram_at is None:
            raise _Refused(_FAILED)
        self._ram[self._ram_at + sequence * self._ram_block] = data

    def _mem_end(self, body: bytes, _check: int) -> None:
        stay, entry = struct.unpack("<2I", body)
        if stay:
            return
        here = any(start <= entry < start + len(data) for start, data in self._ram.items())
        greets = any(_STUB_GREETING in data for data in self._ram.values())
        self._next = Next.STUB if here and greets else Next.NOTHING

    def _flash_begin(self, body: bytes, _check: int) -> None:
        erase_size, blocks, block_size, offset = struct.unpack("<4I", body)
        if not self._chip.flash.holds(offset, 0):
            raise _Refused(_FAILED)
        self._chip.attached = True
        self._chip.occupy(self._erase(offset // SECTOR, -(-erase_size // SECTOR)))
        self._flash_at = (offset, blocks, block_size)

    def _erase(self, first: int, count: int) -> float:
        # The ROM does not count the sectors that it erases one by one before the first whole block, and then erases
        # that many sectors too many. esptool asks for fewer to make up for it.
        count += min(count, BLOCK - first % BLOCK)
        return self._chip.flash.erase(first, min(count, self._chip.flash.size // SECTOR - first))

    def _flash_data(self, body: bytes, check: int) -> None:
        sequence, data = self._data(body, check)
        if not self._flash_at:
            raise _Refused(_FAILED)
        offset, blocks, block_size = self._flash_at
        address = offset + sequence * block_size
        if sequence >= blocks or len(data) > block_size or not self._chip.flash.holds(address, len(data)):
            raise _Refused(_FAILED)
        self._chip.occupy(self._chip.flash.program(address, data))

    def _flash_end(self, _body: bytes, _check: int) -> None:
        # 0 restarts the chip, 1 runs the program in flash: out of the loader either way.
        self._next = Next.USER

    def _data(self, body: bytes, check: int) -> tuple[int, bytes]:
        """Sequence number and bytes of a data block."""
        if len(body) < 16 or int.from_bytes(body[:4], "little") != len(body) - 16:
            raise _Refused(_INVALID)
        if checksum(body[16:]) != check:
            raise _Refused(_BAD_CHECKSUM)
        return int.from_bytes(body[4:8], "little"), body[16:]


# Command: length of its body (None: varies), handler.
_COMMANDS: dict[int, tuple[int | None, Callable]] = {
    0x02: (16, _Rom._flash_begin),
    0x03: (None, _Rom._flash_data),
    0x04: (4, _Rom._flash_end),
    0x05: (16, _Rom._mem_begin),
    0x06: (8, _Rom._mem_end),
    0x07: (None, _Rom._mem_data),
    0x08: (36, _Rom._sync),
    0x09: (None, _Rom._write_registers),
    0x0A: (4, _Rom._read_register),
}


class Loader:
    """An ESP8266 that a reset has put into its serial loader."""

    def __init__(self, flash: Flash, mac: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        """mac: six bytes, as eFuse holds it. clock: seconds, for `busy_s`. Raises ValueError for an impossible MAC."""
        self.finished = False  # whether it was told to leave the loader: the program in flash runs now
        self._chip = Chip(flash, mac, clock)
        self._decoder = slip.Decoder()
        self._program: _Rom | FlasherStub | None = _Rom(self._chip)

    @property
    def baud(self) -> int:
        """The rate at which the chip listens and sends from now on."""
        return self._chip.baud

    @baud.setter
    def baud(self, baud: int) -> None:
        self._chip.baud = baud

    @property
    def busy_s(self) -> float:
        """Seconds for which a real chip, erasing and programming, would hold back what `feed` last returned."""
        return self._chip.busy_s

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; the bytes to send back. Raises flash.PowerCut when the power goes off midway."""
        self._chip.busy_s = 0.0
        for frame in self._decoder.feed(data):
            if self._program:
                self._enter(self._program.receive(frame))
        return self._chip.take_sent()

    def _enter(self, what: Next) -> None:
        if what is Next.SAME:
            return
        self._program = None
        if what is Next.STUB:
            self._program = FlasherStub(self._chip)
        elif what is Next.ROM:
            self._chip.baud = ROM_BAUD
            self._program = _Rom(self._chip)
        elif what is Next.USER:
            self.finished = True
