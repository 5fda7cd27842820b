"""What lwIP's sockets do otherwise than this computer's, below MicroPython's socket and select modules.

While the radio has no link nothing arrives, nothing leaves, nobody is told; sockets stay as they are and go on if the
link is back in time. A connection takes as many bytes that nobody has acknowledged as lwIP has room for, link or no
link. And a time-out is kept although interrupts come: MicroPython makes a call of the C library that was interrupted
again from its beginning, so that a wait of a second under ten timer rings a second would never end.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import math
import os
import select
import socket
import time
from collections.abc import Callable

from .native import Interpreter
from .unsent import SEND_BUFFER, Unsent

_INT, _SIZE, _POINTER, _RESULT = ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_ssize_t
_READING, _WRITING = (select.POLLIN, socket.SO_RCVTIMEO), (select.POLLOUT, socket.SO_SNDTIMEO)
# Calls that may wait for a socket, their first argument: the types of result and arguments; what they wait for.
_TRANSFERS = {
    "read": (_RESULT, (_INT, _POINTER, _SIZE), _READING),
    "write": (_RESULT, (_INT, _POINTER, _SIZE), _WRITING),
    "recv": (_RESULT, (_INT, _POINTER, _SIZE, _INT), _READING),
    "send": (_RESULT, (_INT, _POINTER, _SIZE, _INT), _WRITING),
    "recvfrom": (_RESULT, (_INT, _POINTER, _SIZE, _INT, _POINTER, _POINTER), _READING),
    "sendto": (_RESULT, (_INT, _POINTER, _SIZE, _INT, _POINTER, ctypes.c_uint), _WRITING),
    "accept": (_INT, (_INT, _POINTER, _POINTER), _READING),
}
_SENDING = {"write", "send"}
# A reset by the other side, and sending after one, are the same to lwIP, and so is a refusal.
_RESETS = {errno.EPIPE, errno.ECONNREFUSED}
_LEAST_ROOM = 16  # bytes, for which a call that waits does so (extmod/modlwip.c)
_STANDARD_STREAMS = 3
_SLICE_S = 0.001
_FULL_MS = 2  # between two looks at a connection that is full
_CONNECT = (_INT, (_INT, _POINTER, ctypes.c_uint))
_POLL = (_INT, (_POINTER, ctypes.c_ulong, _INT))


class _PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


class Sockets:
    """Stands between MicroPython and the C library. Results are those of the calls, with errno set."""

    def __init__(self, python: Interpreter, wake: int, handle: Callable[[], bool]) -> None:
        """wake: an eventfd that is written at each interrupt.

        handle(): run what interrupts have scheduled; True when a KeyboardInterrupt is waiting to be raised.
        """
        self._unsent = Unsent()
        self._python = python
        self._wake = wake
        self._handle = handle
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.linked = True  # whether the radio has a link, as far as this side has been told

    def link(self, linked: bool) -> None:
        """Follow the radio."""
        self.linked = linked
        if linked:
            self._unsent.send()

    def install(self) -> None:
        """Take the places of the C library's calls, on top of whatever has taken them."""
        for name, (result, types, wish) in _TRANSFERS.items():
            self._replace(
                name, result, types, self._transfer(self._beneath(name, result, types), *wish, name in _SENDING)
            )
        self._beneath_connect = self._beneath("connect", *_CONNECT)
        self._replace("connect", *_CONNECT, self._connect)
        self._beneath_poll = self._beneath("poll", *_POLL)
        self._replace("poll", *_POLL, self._poll)

    def _beneath(self, name: str, result: type, types: tuple) -> Callable:
        """What the interpreter would call without us."""
        call = getattr(self._libc, name)
        call.argtypes, call.restype = types, result
        return self._python.replacement(name) or call

    def _replace(self, name: str, result: type, types: tuple, function: Callable) -> None:
        self._python.replace(name, ctypes.CFUNCTYPE(result, *types, use_errno=True), function)

    def _transfer(self, call: Callable, events: int, option: int, sends: bool) -> Callable:
        def transfer(descriptor: int, *rest: int) -> int:
            if descriptor < _STANDARD_STREAMS or not _on_air(descriptor):
                return call(descriptor, *rest)
            timeout_s = self._timeout_of(descriptor, option)
            if sends and _connected(descriptor):
                return self._send(call, descriptor, timeout_s, *rest)
            if not self.linked:
                return self._hold(descriptor, timeout_s)
            if timeout_s and (ready := self._wait(descriptor, events, timeout_s)) <= 0:
                return ready or _fail(errno.ETIMEDOUT)
            return _as_lwip(call(descriptor, *rest))

        return transfer

    def _send(self, call: Callable, descriptor: int, timeout_s: float, data: int, size: int, *rest: int) -> int:
        """Send as much as there is room for; with no link it waits in lwIP."""
        end = time.monotonic() + timeout_s if timeout_s else None
        room = self._unsent.room(descriptor)
        if room <= 0 and _non_blocking(descriptor):
            return _fail(errno.EAGAIN)
        while size > 0 and room < _LEAST_ROOM and not _non_blocking(descriptor):
            if end is not None and time.monotonic() > end:
                return _fail(errno.ETIMEDOUT)
            if self._wait(-1, 0, _SLICE_S) < 0:
                return -1
            room = self._unsent.room(descriptor)
        size = min(size, room)
        if self.linked:
            return _as_lwip(call(descriptor, data, size, *rest))
        self._unsent.keep(descriptor, ctypes.string_at(data, size))
        return size

    def _hold(self, descriptor: int, timeout_s: float) -> int:
        """Nothing moves: EAGAIN at once on a non-blocking socket, else ETIMEDOUT.

        EINTR when the link is back; the interpreter then makes its call again.
        """
        if _non_blocking(descriptor):
            return _fail(errno.EAGAIN)
        return self._wait(-1, 0, timeout_s, over=lambda: self.linked) or _fail(errno.ETIMEDOUT)

    def _connect(self, descriptor: int, address: int, size: int) -> int:
        if not self.linked:
            return _fail(errno.EHOSTUNREACH)
        timeout_s = self._timeout_of(descriptor, socket.SO_SNDTIMEO)
        if not timeout_s:
            return self._beneath_connect(descriptor, address, size)
        os.set_blocking(descriptor, False)
        try:
            result = self._beneath_connect(descriptor, address, size)
            if not result or ctypes.get_errno() != errno.EINPROGRESS:
                return result
            ready = self._wait(descriptor, select.POLLOUT, timeout_s)
            if ready <= 0:
                return ready or _fail(errno.EINPROGRESS)
            with socket.socket(fileno=os.dup(descriptor)) as twin:
                code = twin.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return _fail(code) if code else 0
        finally:
            os.set_blocking(descriptor, True)

    def _poll(self, array: int, count: int, timeout_ms: int) -> int:
        """poll(2) that hears nothing of what is on the air while there is no link, and knows of lwIP's room to send."""
        entries = list((_PollFd * count).from_address(array)) if count else []
        wished = [(entry, entry.fd, entry.events) for entry in entries]
        end = time.monotonic() + timeout_ms / 1000
        while True:
            writable = self._adapt(entries)
            full = any(entry.fd == fd and entry.events != events for entry, fd, events in wished)
            slice_ms = (
                0 if writable else timeout_ms if not full else _FULL_MS if timeout_ms < 0 else min(_FULL_MS, timeout_ms)
            )
            try:
                ready = self._beneath_poll(array, count, slice_ms)
            finally:
                for entry, fd, events in wished:
                    entry.fd, entry.events = fd, events
            for entry in writable:
                entry.revents |= select.POLLOUT
            ready += len(writable)
            if ready or not full or (timeout_ms >= 0 and time.monotonic() >= end):
                return ready

    def _adapt(self, entries: list[_PollFd]) -> list[_PollFd]:
        """Silence what lwIP would say nothing of; the connections that can be written to although there is no link."""
        writable = []
        for entry in entries:
            if entry.fd < _STANDARD_STREAMS or not _on_air(entry.fd):
                continue
            asks = entry.events & select.POLLOUT and _connected(entry.fd)
            room = self._unsent.room(entry.fd) if asks else SEND_BUFFER
            if room <= 0:
                entry.events &= ~select.POLLOUT
            if not self.linked:
                if asks and room > 0:
                    writable.append(entry)
                entry.fd, entry.revents = -1, 0
        return writable

    def _timeout_of(self, descriptor: int, option: int) -> float:
        """Seconds that calls on this descriptor may wait, 0 for no limit, and where there is no waiting."""
        value, size = (ctypes.c_long * 2)(), ctypes.c_uint(16)
        if self._libc.getsockopt(descriptor, socket.SOL_SOCKET, option, value, ctypes.byref(size)):
            return 0.0
        return 0.0 if _non_blocking(descriptor) else value[0] + value[1] / 1e6

    def _wait(self, descriptor: int, events: int, timeout_s: float, over: Callable[[], bool] = lambda: False) -> int:
        """1: the descriptor is ready. 0: it was not in time (0: no limit). -1: interrupted, also when over() is true.

        A descriptor of -1 is never ready.
        """
        end = time.monotonic() + timeout_s
        array = (_PollFd * 2)((descriptor, events, 0), (self._wake, select.POLLIN, 0))
        while True:
            left_ms = max(0, math.ceil((end - time.monotonic()) * 1000)) if timeout_s else -1
            ready = self._libc.poll(array, ctypes.c_ulong(2), left_ms)
            if array[0].revents or not ready:
                return 1 if array[0].revents else 0
            if array[1].revents:
                os.eventfd_read(self._wake)
            if self._handle() or over():
                return _fail(errno.EINTR)


def _fail(code: int) -> int:
    """Set errno; what a failed call returns."""
    ctypes.set_errno(code)
    return -1


def _as_lwip(result: int) -> int:
    """A call's result, with lwIP's error."""
    if result < 0 and ctypes.get_errno() in _RESETS:
        ctypes.set_errno(errno.ECONNRESET)
    return result


def _connected(descriptor: int) -> bool:
    """Whether it is a TCP connection."""
    with socket.socket(fileno=os.dup(descriptor)) as twin:
        try:
            return twin.type == socket.SOCK_STREAM and bool(twin.getpeername())
        except OSError:
            return False


def _non_blocking(descriptor: int) -> bool:
    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_NONBLOCK)


def _on_air(descriptor: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as twin:
            return twin.family == socket.AF_INET
    except OSError:
        return False  # a file, or closed: the call itself will say so
