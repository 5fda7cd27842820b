"""esp of the ESP8266 port: the flash chip and the SDK."""

import errno as _errno

from _board import call as _call

SLEEP_NONE = 0
SLEEP_LIGHT = 1
SLEEP_MODEM = 2

_SECTOR = const(4096)


def flash_size():
    """Bytes of flash."""
    return _call("flash_size")


def flash_user_start():
    """First byte that the firmware leaves to the user."""
    start = _call("fs", 0) * _SECTOR
    return start if start >= 0x100000 else start - _SECTOR  # below, a sector is kept for native code


def flash_id():
    """Manufacturer and device of the flash chip."""
    return _call("flash_id")


def flash_read(_byte_offset, _length_or_buffer):
    """Read bytes, or fill a buffer. Raises OSError outside the chip."""
    whole = isinstance(_length_or_buffer, int)
    buffer = bytearray(_length_or_buffer) if whole else _length_or_buffer
    if not _call("flash_read", _byte_offset, buffer):
        raise OSError(_errno.EIO)
    if whole:
        return bytes(buffer)


def flash_write(_byte_offset, _buffer):
    """Program bytes: bits can only be cleared. The length is a multiple of 4. Raises OSError outside the chip."""
    size = len(_buffer)
    if size & 3:
        raise ValueError("len must be multiple of 4")
    if size > _SECTOR:
        for start in range(0, size, _SECTOR):
            flash_write(_byte_offset + start, memoryview(_buffer)[start : start + _SECTOR])
    elif not _call("flash_write", _byte_offset, _buffer):  # allocates nothing: the collector closes files
        raise OSError(_errno.EIO)


def flash_erase(_sector_no):
    """Set a 4 KiB sector to ones. Raises OSError outside the chip."""
    if not _call("flash_erase", _sector_no):
        raise OSError(_errno.EIO)


def check_fw():
    """Whether the firmware in the flash matches its own checksum; prints size and checksum."""
    digest = bytearray(16)
    size = _call("firmware_md5", digest)
    print("size:", size)
    print("md5:", digest.hex())
    stored = bytearray(16)
    _call("flash_read", size, stored)
    return digest == stored


def freemem():
    """Free bytes of the SDK's own heap."""
    return 26000


def meminfo():
    """Print the SDK's memory map."""
    print("heap  : 0x3fff9a80 ~ 0x3fffc000, len: 9600")


def malloc(_size):
    """Memory of the SDK's heap: none can be given."""
    return 0


def free(_addr):
    """Give memory back."""


def esf_free_bufs(_idx):
    """Free packet buffers of a kind."""
    return 8


def set_native_code_location(_start, _length):
    """Where native code goes. This processor runs none of the chip's."""
    if _start is not None and _start + _length > 0x100000:
        raise ValueError("flash location must be below 1MByte")


def apa102_write(_clock_pin, _data_pin, _buf):
    """Send bytes to APA102 LEDs; there are none."""


def sleep_type(_mode=None):
    """Modem power saving."""
    return _call("wlan_setting", "sleep", _mode)


def deepsleep(_time_us=0, _option=0):
    """Power down for time_us, for ever with 0."""
    _call("deepsleep", _time_us)


def osdebug(_level):
    """Where the SDK logs; it has nothing to say here."""
