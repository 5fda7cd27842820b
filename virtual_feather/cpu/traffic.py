"""Whether the network is quiet: nothing of ours on its way to somebody who may answer."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from .native import Interpreter

_INT, _SIZE, _POINTER, _RESULT = ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_ssize_t
_SENDING = {
    "write": (_RESULT, (_INT, _POINTER, _SIZE)),
    "send": (_RESULT, (_INT, _POINTER, _SIZE, _INT)),
    "sendto": (_RESULT, (_INT, _POINTER, _SIZE, _INT, _POINTER, ctypes.c_uint)),
    "connect": (_INT, (_INT, _POINTER, ctypes.c_uint)),
}
_RECEIVING = {
    "read": (_RESULT, (_INT, _POINTER, _SIZE)),
    "recv": (_RESULT, (_INT, _POINTER, _SIZE, _INT)),
    "recvfrom": (_RESULT, (_INT, _POINTER, _SIZE, _INT, _POINTER, _POINTER)),
}
_STANDARD_STREAMS = 3
# Real seconds: behind a packet of ours that the other side has read, until its answer is here; behind an answer, until
# those that follow on its heels are.
_ANSWER_S, _HEELS_S = 0.05, 0.001
# So often at least we look for the answer: on a busy computer both sides have their turn seldom.
_LOOKS, _LOOK_S = 10, 0.005
_TABLE = Path("/proc/net/tcp")


class Traffic:
    """Watches what the interpreter sends and receives, at the calls of the C library."""

    def __init__(self, python: Interpreter) -> None:
        self._quiet_at = 0.0
        self._looks = 0  # still to be made
        self._sent_on: set[int] = set()  # descriptors, since the last answer
        libc = ctypes.CDLL(None, use_errno=True)
        for calls, noting in ((_SENDING, self._sending), (_RECEIVING, self._receiving)):
            for name, (result, types) in calls.items():
                call = getattr(libc, name)
                call.argtypes, call.restype = types, result
                python.replace(name, ctypes.CFUNCTYPE(result, *types, use_errno=True), noting(call))

    def noise_s(self) -> float:
        """Real seconds for which it is not quiet yet, if not longer. 0 or less: it is quiet. Each call is a look."""
        left = self._quiet_at - time.monotonic()
        self._looks = max(0, self._looks - 1)
        if left > 0:
            return left
        if self._sent_on and self._is_unread():  # the other side has not had its turn
            self._expect_answer()
        if self._looks:
            return _LOOK_S
        self._sent_on.clear()
        return left

    def _expect_answer(self) -> None:
        self._quiet_at = time.monotonic() + _ANSWER_S
        self._looks = _LOOKS

    def heard(self) -> None:
        """Something has come."""
        self._quiet_at = time.monotonic() + _HEELS_S
        self._looks = 0
        self._sent_on.clear()

    def _sending(self, call: Callable) -> Callable:
        def send(descriptor: int, *rest: int) -> int:
            if descriptor >= _STANDARD_STREAMS:
                self._expect_answer()
                self._sent_on.add(descriptor)
            return call(descriptor, *rest)

        return send

    def _receiving(self, call: Callable) -> Callable:
        def receive(descriptor: int, *rest: int) -> int:
            size = call(descriptor, *rest)
            if size >= 0 and descriptor >= _STANDARD_STREAMS:
                self.heard()
            return size

        return receive

    def _is_unread(self) -> bool:
        """Whether the other side, a process of this computer, has not read what we sent."""
        ends = set(filter(None, map(_far_end, self._sent_on)))
        rows = [line.split() for line in _TABLE.read_text().splitlines()[1:]] if ends else []
        return any((row[1], row[2]) in ends and int(row[4].split(":")[1], 16) for row in rows)


def _far_end(descriptor: int) -> tuple[str, str] | None:
    """What /proc/net/tcp calls the other end of a TCP connection: its own address and ours. None if there is none."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as twin:
            return _spelled(*twin.getpeername()), _spelled(*twin.getsockname())
    except (OSError, TypeError):
        return None  # closed, not connected, or no socket of the Internet


def _spelled(host: str, port: int) -> str:
    return f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
