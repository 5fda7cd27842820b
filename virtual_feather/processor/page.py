"""The page of memory that the board shares with its processor: the same fields as `struct page` of sdk/link.h."""

from __future__ import annotations

import ctypes
import mmap
import os

from .pace import KINDS

RTC_BYTES = 768


class InterfaceParameters(ctypes.LittleEndianStructure):
    """`struct interface_parameters`: of the station or of the access point."""

    _fields_ = [
        ("ssid", ctypes.c_uint8 * 32),
        ("key", ctypes.c_uint8 * 64),
        ("ssid_length", ctypes.c_uint8),
        ("channel", ctypes.c_uint8),
        ("authmode", ctypes.c_uint8),
        ("hidden", ctypes.c_uint8),
    ]


class Page(ctypes.LittleEndianStructure):
    """The fields, which sdk/link.h explains."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("skipped_us", "free_until_us", "fast_until_us", "quiet_from_us")),
        *((name, ctypes.c_int64) for name in ("boot_us", "rtc_from_us")),
        *((name, ctypes.c_uint32) for name in ("told", "frames", "sent", "seen", "flash_size", "flash_id")),
        *((name, ctypes.c_uint32) for name in ("pads_low", "pads_high", "pulled_up")),
        *((name, ctypes.c_uint32) for name in ("held_low", "held_high", "resistors", "heard", "onewire")),
        *((name, ctypes.c_uint32) for name in ("heap_free", "heap_least")),
        ("pace_ns", ctypes.c_uint32 * len(KINDS)),
        *((name, ctypes.c_uint8) for name in ("scl", "sda")),
        ("adc", ctypes.c_uint16),
        *((name, ctypes.c_uint8) for name in ("reset_reason", "fast", "paced", "output_held", "heap_measured")),
        *((name, ctypes.c_uint8) for name in ("opmode", "status", "air_channel")),
        ("rssi", ctypes.c_int8),
        ("mac", ctypes.c_uint8 * 6 * 2),
        ("station", InterfaceParameters),
        ("access_point", InterfaceParameters),
        ("rtc", ctypes.c_uint8 * RTC_BYTES),
    ]


class SharedPage:
    """The page in anonymous memory; a descriptor of it is handed to the processor."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("page", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, ctypes.sizeof(Page))
        self._memory = mmap.mmap(self.descriptor, ctypes.sizeof(Page))
        self.page = Page.from_buffer(self._memory)

    def close(self) -> None:
        """Close the descriptor; the memory is freed with the last reference to it."""
        os.close(self.descriptor)
