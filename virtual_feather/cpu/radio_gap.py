"""What the network stack does while the radio has no link: nothing arrives, nothing leaves, nobody is told.

Sockets stay as they are, as lwIP keeps them, and go on if the link is back in time. So the gap sits below MicroPython's
socket and select modules, at the C library's calls, and is there only while the link is down: a linked board runs at the
interpreter's full speed.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
from collections.abc import Callable

from .native import Interpreter

_INT, _SIZE, _POINTER, _RESULT = ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_ssize_t
# The C library's calls that touch the air, and the types of their arguments; the first is the descriptor.
_TRANSFERS = {
    "read": (_INT, _POINTER, _SIZE),
    "write": (_INT, _POINTER, _SIZE),
    "recv": (_INT, _POINTER, _SIZE, _INT),
    "send": (_INT, _POINTER, _SIZE, _INT),
    "recvfrom": (_INT, _POINTER, _SIZE, _INT, _POINTER, _POINTER),
    "sendto": (_INT, _POINTER, _SIZE, _INT, _POINTER, ctypes.c_uint),
}


class _PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


class RadioGap:
    """Stands between MicroPython and the network while the link is down."""

    def __init__(self, python: Interpreter) -> None:
        self._python = python
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._down = False

    def set(self, linked: bool) -> None:
        """Follow the radio: close or open the gap."""
        if linked == self._down:
            self._down = not linked
            (self._open if linked else self._close)()

    def _close(self) -> None:
        for name, types in _TRANSFERS.items():
            call = getattr(self._libc, name)
            call.argtypes, call.restype = types, _RESULT
            self._replace(name, _RESULT, types, self._transfer(call))
        self._replace("connect", _INT, (_INT, _POINTER, ctypes.c_uint), lambda *_: _fail(errno.EHOSTUNREACH))
        self._replace("poll", _INT, (_POINTER, ctypes.c_ulong, _INT), self._poll)

    def _open(self) -> None:
        for name in (*_TRANSFERS, "connect", "poll"):
            self._python.restore(name)

    def _replace(self, name: str, result: type, types: tuple, function: Callable) -> None:
        self._python.replace(name, ctypes.CFUNCTYPE(result, *types, use_errno=True), function)

    def _transfer(self, call: Callable) -> Callable:
        def held(descriptor: int, *rest: int) -> int:
            if not _on_air(descriptor):
                return call(descriptor, *rest)
            return self._hold(descriptor)

        return held

    def _hold(self, descriptor: int) -> int:
        """Nothing moves: EAGAIN at once on a non-blocking socket or at its time-out, EINTR when a signal comes first.

        The return of the link comes with a signal too; the interpreter then makes its call again.
        """
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_NONBLOCK:
            return _fail(errno.EAGAIN)
        with socket.socket(fileno=os.dup(descriptor)) as twin:
            seconds, micros = _timeval(twin.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
        wait_ms = seconds * 1000 + micros // 1000 or -1
        return -1 if self._libc.poll(None, 0, wait_ms) else _fail(errno.EAGAIN)

    def _poll(self, array: int, count: int, timeout_ms: int) -> int:
        """poll(2) that hears nothing of what is on the air."""
        entries = (_PollFd * count).from_address(array) if count else []
        silent = [(entry, entry.fd) for entry in entries if entry.fd >= 0 and _on_air(entry.fd)]
        for entry, _ in silent:
            entry.fd, entry.revents = -1, 0
        try:
            return self._libc.poll(_POINTER(array), ctypes.c_ulong(count), timeout_ms)
        finally:
            for entry, descriptor in silent:
                entry.fd = descriptor


def _fail(code: int) -> int:
    ctypes.set_errno(code)
    return -1


def _timeval(raw: bytes) -> tuple[int, int]:
    return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")


def _on_air(descriptor: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as twin:
            return twin.family == socket.AF_INET
    except OSError:
        return False  # a file, or closed: the call itself will say so
