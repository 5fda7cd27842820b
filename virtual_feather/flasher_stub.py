"""esptool's flasher stub for the ESP8266: the program that esptool loads into the chip's RAM and then talks to.

Behaves as the stubs of esptool 4.8 and 5.x (protocol: esptool documentation, "Serial Protocol"): data is acknowledged
first and written while the next block arrives, so a write error is the answer to the next command.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Generator

from .esp8266 import ROM_BAUD, Chip, Next, checksum
from .flash import BLOCK, SECTOR

_BAD_LENGTH = b"\xc0\x00"
_BAD_CHECKSUM = b"\xc1\x00"
_INVALID_COMMAND = b"\xc3\x00"
_FLASH_FAILED = b"\xc4\x00"
_NOT_WRITING = b"\xc6\x00"
_INFLATE_FAILED = b"\xc7\x00"
_NOT_ENOUGH_DATA = b"\xc8\x00"
_TOO_MUCH_DATA = b"\xc9\x00"
_NOT_IMPLEMENTED = b"\xff\x00"

_SYNC_LENGTH = 36
_LARGEST_READ = 4096


class _Refused(Exception):
    """The command fails with this status."""

    def __init__(self, status: bytes) -> None:
        self.status = status


class _Write:
    """A write that is under way; sectors are erased just ahead of the data."""

    def __init__(self, chip: Chip, offset: int, size: int, deflated: bool) -> None:
        if not chip.flash.holds(offset, size):
            raise _Refused(_FLASH_FAILED)
        self._chip = chip
        self._at = offset
        self.left = size
        self._next_erase = offset // SECTOR
        self._erase_end = -(-(offset + size) // SECTOR)
        self._inflater = zlib.decompressobj() if deflated else None

    def put(self, data: bytes) -> None:
        if self._inflater:
            try:
                data = self._inflater.decompress(data)
            except zlib.error:
                raise _Refused(_INFLATE_FAILED) from None
        data = data[: self.left]  # uncompressed blocks come padded
        self._erase_up_to(-(-(self._at + len(data)) // SECTOR))
        self._chip.occupy(self._chip.flash.program(self._at, data))
        self._at += len(data)
        self.left -= len(data)

    def _erase_up_to(self, end: int) -> None:
        while self._next_erase < end:
            whole_block = self._next_erase % BLOCK == 0 and self._next_erase + BLOCK <= self._erase_end
            count = BLOCK if whole_block else 1
            self._chip.occupy(self._chip.flash.erase(self._next_erase, count))
            self._next_erase += count


class FlasherStub:
    """The running stub."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._write: _Write | None = None
        self._reading: Generator[None, bytes, None] | None = None
        self._failed = b""  # status of a write that failed after its acknowledgement
        self._after: Callable[[], None] | None = None
        self._next = Next.SAME
        self._ram_at = self._ram_left = 0  # where MEM_DATA goes, and how many bytes are left
        chip.attached = True
        chip.send(b"OHAI")

    def receive(self, frame: bytes) -> Next:
        """Act on one frame: a command, or the acknowledgement of data being read."""
        if self._reading:
            try:
                self._reading.send(frame)
            except StopIteration:
                self._reading = None
            return Next.SAME
        if len(frame) >= 8:
            self._command(*struct.unpack_from("<BBHI", frame), frame[8:])
        return self._next

    def _command(self, direction: int, op: int, size: int, check: int, body: bytes) -> None:
        length, handler = _COMMANDS.get(op, (None, None))
        try:
            if direction != 0 or not handler:
                raise _Refused(_INVALID_COMMAND)
            if size != len(body) or (length and size not in length):
                raise _Refused(_BAD_LENGTH)
            if self._failed:
                failed, self._failed = self._failed, b""
                raise _Refused(failed)
            value, data = handler(self, body, check) or (0, b"")
        except _Refused as refusal:
            self._reply(op, refusal.status)
            return
        if self._next is not Next.USER:
            self._reply(op, b"\x00\x00", value, data)
        self._do_what_follows()

    def _reply(self, op: int, status: bytes, value: int = 0, data: bytes = b"") -> None:
        self._chip.send(struct.pack("<BBHI", 1, op, len(data) + 2, value) + data + status)

    def _do_what_follows(self) -> None:
        if self._after:
            after, self._after = self._after, None
            try:
                after()
            except _Refused as refusal:
                self._failed = refusal.status

    # Commands: each takes the body and the checksum, returns None or (value, data), raises _Refused.

    def _sync(self, _body: bytes, _check: int) -> None:
        # Value 0, unlike the ROM's: by it esptool sees that the stub still runs. Eight answers, as from the ROM.
        for _ in range(7):
            self._reply(0x08, b"\x00\x00")

    def _flash_begin(self, body: bytes, _check: int) -> None:
        size, _blocks, _block_size, offset = struct.unpack_from("<4I", body)
        self._write = _Write(self._chip, offset, size, deflated=False)

    def _deflate_begin(self, body: bytes, _check: int) -> None:
        size, _blocks, _block_size, offset = struct.unpack_from("<4I", body)
        self._write = _Write(self._chip, offset, size, deflated=True)

    def _flash_data(self, body: bytes, check: int) -> None:
        write = self._write
        if not write:
            raise _Refused(_NOT_WRITING)
        data = body[16:]
        if len(body) < 16 or int.from_bytes(body[:4], "little") != len(data):
            raise _Refused(_TOO_MUCH_DATA)
        if checksum(data) != check:
            raise _Refused(_BAD_CHECKSUM)
        self._after = lambda: write.put(data)

    def _flash_end(self, body: bytes, _check: int) -> None:
        if not self._write:
            raise _Refused(_NOT_WRITING)
        if self._write.left:
            raise _Refused(_BAD_LENGTH)
        self._write = None
        if not int.from_bytes(body, "little"):
            # A software reset keeps the boot mode that the last hardware reset latched: the ROM loader starts again.
            self._next = Next.ROM

    def _mem_begin(self, body: bytes, _check: int) -> None:
        self._ram_left, _blocks, _block_size, self._ram_at = struct.unpack("<4I", body)

    def _mem_data(self, body: bytes, _check: int) -> None:
        """Words for the RAM; unlike the ROM, the stub ignores the checksum."""
        data = body[16:]
        if not self._ram_at and data:
            raise _Refused(_NOT_WRITING)
        if len(data) > self._ram_left:
            raise _Refused(_TOO_MUCH_DATA)
        if len(data) % 4:
            raise _Refused(_BAD_LENGTH)
        for (word,) in struct.iter_unpack("<I", data):
            self._chip.write_register(self._ram_at, word, 0xFFFFFFFF)
            self._ram_at += 4
        self._ram_left -= len(data)

    def _mem_end(self, _body: bytes, _check: int) -> None:
        """Starts no code, whatever the entry point: only the ROM's MEM_END does."""
        left, self._ram_left, self._ram_at = self._ram_left, 0, 0
        if left:
            raise _Refused(_NOT_ENOUGH_DATA)

    def _erase_flash(self, _body: bytes, _check: int) -> None:
        self._chip.occupy(self._chip.flash.erase_all())

    def _erase_region(self, body: bytes, _check: int) -> None:
        offset, size = struct.unpack("<2I", body)
        if offset % SECTOR or size % SECTOR:
            raise _Refused(_BAD_LENGTH)
        self._check_range(offset, size)
        self._chip.occupy(self._chip.flash.erase(offset // SECTOR, size // SECTOR))

    def _md5(self, body: bytes, _check: int) -> tuple[int, bytes]:
        offset, size = struct.unpack_from("<2I", body)
        self._check_range(offset, size)
        return 0, hashlib.md5(self._chip.flash.read(offset, size)).digest()

    def _read_flash(self, body: bytes, _check: int) -> None:
        # Real stubs ignore the last word, blocks in flight, and use 1: esptool's reader copes with no more.
        offset, size, block, _in_flight = struct.unpack("<4I", body)
        self._check_range(offset, size)
        if not 0 < block <= _LARGEST_READ:
            raise _Refused(_BAD_LENGTH)
        self._after = lambda: self._start_reading(self._blocks(offset, size, block))

    def _start_reading(self, reading: Generator[None, bytes, None]) -> None:
        self._reading = reading
        try:
            next(reading)
        except StopIteration:
            self._reading = None

    def _blocks(self, offset: int, size: int, block: int) -> Generator[None, bytes, None]:
        digest = hashlib.md5()
        for start in range(offset, offset + size, block):
            data = self._chip.flash.read(start, min(block, offset + size - start))
            digest.update(data)
            self._chip.send(data)
            acknowledged = yield
            if len(acknowledged) != 4:
                break
        self._chip.send(digest.digest())

    def _read_register(self, body: bytes, _check: int) -> tuple[int, bytes]:
        return self._chip.read_register(int.from_bytes(body, "little")), b""

    def _write_registers(self, body: bytes, _check: int) -> None:
        if not body or len(body) % 16:
            raise _Refused(_BAD_LENGTH)
        for address, value, mask, _delay_us in struct.iter_unpack("<4I", body):
            self._chip.write_register(address, value, mask)

    def _change_baud(self, body: bytes, _check: int) -> None:
        baud = int.from_bytes(body[:4], "little") or ROM_BAUD
        self._after = lambda: setattr(self._chip, "baud", baud)

    def _run_user_code(self, _body: bytes, _check: int) -> None:
        self._next = Next.USER

    def _accept(self, _body: bytes, _check: int) -> None:
        """SPI pins and flash geometry: here they are fixed."""

    def _not_implemented(self, _body: bytes, _check: int) -> None:
        raise _Refused(_NOT_IMPLEMENTED)

    def _check_range(self, offset: int, size: int) -> None:
        if not self._chip.flash.holds(offset, size):
            raise _Refused(_FLASH_FAILED)


# Command: allowed lengths of its body (None: any), handler. From esptool 5 on, FLASH_BEGIN has one word more.
_COMMANDS: dict[int, tuple[tuple[int, ...] | None, Callable]] = {
    0x02: ((16, 20), FlasherStub._flash_begin),
    0x03: (None, FlasherStub._flash_data),
    0x04: ((4,), FlasherStub._flash_end),
    0x05: ((16,), FlasherStub._mem_begin),
    0x06: ((8,), FlasherStub._mem_end),
    0x07: (None, FlasherStub._mem_data),
    0x08: ((_SYNC_LENGTH,), FlasherStub._sync),
    0x09: (None, FlasherStub._write_registers),
    0x0A: ((4,), FlasherStub._read_register),
    0x0B: ((24,), FlasherStub._accept),  # SPI_SET_PARAMS
    0x0D: ((4,), FlasherStub._accept),  # SPI_ATTACH
    0x0F: ((8,), FlasherStub._change_baud),
    0x10: ((16, 20), FlasherStub._deflate_begin),
    0x11: (None, FlasherStub._flash_data),
    0x12: ((4,), FlasherStub._flash_end),
    0x13: ((16,), FlasherStub._md5),
    0x14: ((0,), FlasherStub._not_implemented),  # GET_SECURITY_INFO: later chips
    0xD0: ((0,), FlasherStub._erase_flash),
    0xD1: ((8,), FlasherStub._erase_region),
    0xD2: ((16,), FlasherStub._read_flash),
    0xD3: ((0,), FlasherStub._run_user_code),
}
