"""The ESP8266 as the ROM loader and esptool's flasher stub use it: UART, registers, eFuse, flash chip."""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import reduce
from operator import xor

from . import slip
from .flash import Flash

ROM_BAUD = 115200

_CHIP_MAGIC = (0x40001000, 0xFFF0C101)  # a word of the ROM by which esptool recognises an ESP8266
_OTP = 0x3FF00050  # four words of eFuse
_UART_CLKDIV = 0x60000014
_UART_CLOCK = 52_000_000  # twice the 26 MHz crystal

# The SPI controller's user-defined commands (ESP8266 Technical Reference, SPI registers).
_SPI = 0x60000200
_SPI_CMD, _SPI_ADDR, _SPI_USER, _SPI_USER1, _SPI_USER2 = _SPI, _SPI + 4, _SPI + 0x1C, _SPI + 0x20, _SPI + 0x24
_SPI_W0 = _SPI + 0x40
_START_USER = 1 << 18
_HAS_ADDRESS, _HAS_MISO = 1 << 30, 1 << 28

_RDID, _RDSFDP, _STATUS_READS = 0x9F, 0x5A, (0x05, 0x35, 0x15)


class Next(enum.Enum):
    """What runs after a command."""

    SAME = enum.auto()
    ROM = enum.auto()
    STUB = enum.auto()
    USER = enum.auto()  # the program in flash
    NOTHING = enum.auto()  # code that this model cannot run: silence until the next reset


def checksum(data: bytes) -> int:
    """The loaders' checksum of a data block."""
    return reduce(xor, data, 0xEF)


class Chip:
    """The hardware as a loader sees it."""

    def __init__(self, flash: Flash, mac: bytes, clock: Callable[[], float]) -> None:
        """mac: six bytes, the first three not all zero. clock: monotonic seconds. Raises ValueError for another MAC."""
        if len(mac) != 6 or not any(mac[:3]):
            raise ValueError(f"{mac.hex(':')} is not a MAC address that an ESP8266 can have")
        self.flash = flash
        self.busy_s = 0.0
        self._clock = clock
        self._idle_at = clock()
        self._sent = b""
        self._words = {_CHIP_MAGIC[0]: _CHIP_MAGIC[1]}
        self._fixed = set(self._words)
        self.attached = False  # whether the SPI controller has the flash's pins; a reset into the loader frees them
        self._burn(mac)
        self.baud = ROM_BAUD

    def _burn(self, mac: bytes) -> None:
        """Set the eFuse words as the factory does: the MAC in its three places, no bit of an ESP8285."""
        words = (mac[5] << 24, int.from_bytes(mac[3:5], "big"), 0, int.from_bytes(mac[:3], "big"))
        for index, word in enumerate(words):
            self._words[_OTP + 4 * index] = word
            self._fixed.add(_OTP + 4 * index)

    @property
    def baud(self) -> int:
        """The UART's bits per second. The ROM measures them on the SYNC packet; here the caller sets them."""
        return self._baud

    @baud.setter
    def baud(self, baud: int) -> None:
        self._baud = baud
        self._words[_UART_CLKDIV] = round(_UART_CLOCK / baud)

    # The UART.

    def send(self, frame: bytes) -> None:
        """Send a frame; `busy_s` says how long the flash chip's current work delays it."""
        self._sent += slip.encode(frame)
        self.busy_s = max(0.0, self._idle_at - self._clock())

    def take_sent(self) -> bytes:
        """What has been sent since the last call."""
        sent, self._sent = self._sent, b""
        return sent

    def occupy(self, seconds: float) -> None:
        """Keep the flash chip busy for `seconds`, after its current work."""
        self._idle_at = max(self._idle_at, self._clock()) + seconds

    # Registers.

    def read_register(self, address: int) -> int:
        """The word at `address`; 0 if nothing is modelled there or was written."""
        return self._words.get(address, 0)

    def write_register(self, address: int, value: int, mask: int) -> None:
        """Write the bits of `mask`; the start bit of SPI_CMD runs the SPI controller's command."""
        if address in self._fixed:
            return
        self._words[address] = self.read_register(address) & ~mask | value & mask
        if address == _SPI_CMD and self._words[address] & _START_USER:
            self._run_spi_command()
            self._words[address] &= ~_START_USER

    def _run_spi_command(self) -> None:
        user, user1 = self.read_register(_SPI_USER), self.read_register(_SPI_USER1)
        if not user & _HAS_MISO:
            return  # write enable, power down and the like: nothing here depends on them
        address = 0
        if user & _HAS_ADDRESS:
            # An address of n bits is sent from the top of the register.
            address = self.read_register(_SPI_ADDR) >> max(0, 31 - (user1 >> 26))
        bits = (user1 >> 8 & 0x1FF) + 1
        answer = self._flash_answers(self.read_register(_SPI_USER2) & 0xFF, address, (bits + 7) // 8)
        for word in range((len(answer) + 3) // 4):
            self._words[_SPI_W0 + 4 * word] = int.from_bytes(answer[4 * word : 4 * word + 4], "little")

    def _flash_answers(self, command: int, address: int, length: int) -> bytes:
        if not self.attached:
            answer = b""
        elif command == _RDID:
            answer = self.flash.jedec_id.to_bytes(3, "little")
        elif command == _RDSFDP:
            answer = _sfdp(self.flash.size)[address:]
        elif command in _STATUS_READS:
            answer = bytes(length)  # not busy, nothing protected
        else:
            answer = b""
        return answer[:length].ljust(length, b"\xff")


def _sfdp(size: int) -> bytes:
    """Serial flash discoverable parameters (JESD216): the header, and a table at 0x80 with erase sizes and density."""
    header = b"SFDP\x00\x01\x00\xff" + b"\x00\x00\x01\x09\x80\x00\x00\xff"
    table = (
        0xFFF120E5,
        size * 8 - 1,
        0x6B08EB44,
        0xBB423B08,
        0xFFFFFFFE,
        0x0000FFFF,
        0xEB21FFFF,
        0x520F200C,
        0x0000D810,
    )
    return header.ljust(0x80, b"\xff") + b"".join(word.to_bytes(4, "little") for word in table)
