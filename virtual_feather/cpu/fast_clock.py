"""A clock that skips what nobody waits through: 30 days of a node's life in minutes.

The board's clock is real time plus what has been skipped. It skips only while the processor sleeps or polls with a
time-out and nothing is under way: no event of the board's unseen, no packet out that may bring an answer. Sockets are
real all along.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable

from ..reactor import Skipped
from .native import Interpreter

_INT, _POINTER, _ULONG = ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong
_ANSWER_S = 0.05  # how long an answer from loopback may take before the network counts as quiet
_SLICE_MS = 5
_SENDING = {
    "write": (ctypes.c_ssize_t, (_INT, _POINTER, ctypes.c_size_t)),
    "send": (ctypes.c_ssize_t, (_INT, _POINTER, ctypes.c_size_t, _INT)),
    "sendto": (ctypes.c_ssize_t, (_INT, _POINTER, ctypes.c_size_t, _INT, _POINTER, ctypes.c_uint)),
    "connect": (_INT, (_INT, _POINTER, ctypes.c_uint)),
}
_STANDARD_STREAMS = 3


class FastClock:
    """Takes the place of the interpreter's clock and of its waiting."""

    def __init__(
        self, python: Interpreter, skipped: Skipped, idle: Callable[[int | None], bool], handle: Callable[[], bool]
    ) -> None:
        """idle(until_us): ask the board to skip up to a time of its clock; whether it did.

        handle(): run what interrupts have scheduled; True when a KeyboardInterrupt is waiting to be raised.
        """
        self._skipped = skipped
        self._idle = idle
        self._handle = handle
        self._sent = 0.0
        self._libc = ctypes.CDLL(None, use_errno=True)
        python.replace("mp_hal_ticks_ms", ctypes.CFUNCTYPE(_ULONG), lambda: self.now_us() // 1000)
        python.replace("mp_hal_ticks_us", ctypes.CFUNCTYPE(_ULONG), self.now_us)
        python.replace("poll", ctypes.CFUNCTYPE(_INT, _POINTER, _ULONG, _INT, use_errno=True), self._poll)
        python.replace("select", ctypes.CFUNCTYPE(_INT, _INT, *[_POINTER] * 4, use_errno=True), self._select)
        for name, (result, types) in _SENDING.items():
            call = getattr(self._libc, name)
            call.argtypes, call.restype = types, result
            python.replace(name, ctypes.CFUNCTYPE(result, *types, use_errno=True), self._noting(call))

    def now_us(self) -> int:
        """The board's clock."""
        return time.monotonic_ns() // 1000 + self._skipped.us

    def delay_ms(self, ms: int) -> None:
        """time.sleep_ms: returns early when a KeyboardInterrupt is to be raised."""
        end = self.now_us() + ms * 1000
        while self.now_us() < end and not self._handle():
            if not self._idle(end):
                self._libc.poll(None, _ULONG(0), 1)

    def _noting(self, call: Callable) -> Callable:
        def noted(descriptor: int, *rest: int) -> int:
            if descriptor >= _STANDARD_STREAMS:
                self._sent = time.monotonic()
            return call(descriptor, *rest)

        return noted

    def _poll(self, array: int, count: int, timeout_ms: int) -> int:
        """poll(2) that skips its time-out when nothing is under way."""
        end = None if timeout_ms < 0 else self.now_us() + timeout_ms * 1000
        while True:
            quiet = time.monotonic() - self._sent > _ANSWER_S
            ready = self._libc.poll(_POINTER(array), _ULONG(count), 0 if quiet or timeout_ms == 0 else _SLICE_MS)
            if ready > 0:
                self._sent = 0.0
            if ready or (end is not None and self.now_us() >= end):
                return ready
            if quiet and not self._idle(end):
                return self._libc.poll(_POINTER(array), _ULONG(count), _SLICE_MS if end is not None else -1)

    def _select(self, _: int, reading: int, writing: int, failing: int, timeout: int) -> int:
        """The interpreter selects only to sleep: time.sleep."""
        seconds, micros = (ctypes.c_long * 2).from_address(timeout)
        self.delay_ms(seconds * 1000 + micros // 1000)
        return 0
