"""esp of the ESP8266 port: the flash chip and the SDK."""

import errno

import uctypes
from _board import call

SLEEP_NONE = 0
SLEEP_LIGHT = 1
SLEEP_MODEM = 2

_sleep = [SLEEP_MODEM]
_SECTOR = const(4096)


def flash_size():
    """Bytes of flash."""
    return call("flash_size")


def flash_user_start():
    """First byte that the firmware leaves to the user."""
    return call("fs", 0) * _SECTOR


def flash_id():
    """Manufacturer and device of the flash chip."""
    return call("flash_id")


def flash_read(byte_offset, length_or_buffer):
    """Read bytes, or fill a buffer."""
    size = length_or_buffer if isinstance(length_or_buffer, int) else len(length_or_buffer)
    if byte_offset < 0 or byte_offset + size > flash_size():
        raise OSError(errno.EIO)
    window = uctypes.bytearray_at(call("address", "flash") + byte_offset, size)
    if isinstance(length_or_buffer, int):
        return bytes(window)
    length_or_buffer[:] = window


def flash_write(byte_offset, buffer):
    """Program bytes: bits can only be cleared. Offset and length are multiples of 4."""
    if byte_offset & 3 or len(buffer) & 3:
        raise ValueError("len must be multiple of 4")
    for start in range(0, len(buffer), _SECTOR):
        call("flash_write", byte_offset + start, memoryview(buffer)[start : start + _SECTOR])


def flash_erase(sector_no):
    """Set a 4 KiB sector to ones."""
    if not 0 <= sector_no < flash_size() // _SECTOR:
        raise OSError(errno.EIO)
    call("flash_erase", sector_no)


def check_fw():
    """Whether the firmware in the flash matches its own checksum; prints both."""
    import hashlib

    base = call("address", "flash")
    size = int.from_bytes(uctypes.bytes_at(base + 0x8FFC, 4), "little")
    if not 0 < size < flash_size():
        print("Firmware in the flash has no valid size")
        return False
    md5 = hashlib.md5(uctypes.bytearray_at(base + 4, size - 4)).digest()
    stored = uctypes.bytes_at(base + size, 16)
    print("size:", size)
    print("md5:", md5.hex())
    return md5 == stored


def freemem():
    """Free bytes of the SDK's own heap."""
    return 26000


def sleep_type(mode=None):
    """Modem power saving."""
    if mode is None:
        return _sleep[0]
    _sleep[0] = mode


def deepsleep(time_us=0, option=0):
    """Power down for time_us."""
    call("deepsleep", time_us)


def osdebug(uart_no, level=None):
    """Where the SDK logs; it has nothing to say here."""
