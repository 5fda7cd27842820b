"""What a TCP connection has taken from the program and its other side has not acknowledged."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import termios
import threading

SEND_BUFFER = 2 * 536  # bytes: TCP_SND_BUF, two segments of the chip's lwIP


class Unsent:
    """Bytes of each connection: this computer's count while there is a link, kept here while there is none."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, bytes]] = {}  # by descriptor: the socket, as its inode, and the bytes
        self._lock = threading.Lock()  # the link comes back in another thread

    def room(self, descriptor: int) -> int:
        """Bytes that the connection can take now; it may have more than lwIP's buffer holds when that link was lost."""
        waiting = struct.unpack("i", fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4)))[0]
        return SEND_BUFFER - waiting - len(self._of(descriptor))

    def keep(self, descriptor: int, data: bytes) -> None:
        """Take bytes that cannot be sent."""
        with self._lock:
            self._kept[descriptor] = (os.fstat(descriptor).st_ino, self._of(descriptor) + data)

    def _of(self, descriptor: int) -> bytes:
        inode, data = self._kept.get(descriptor, (0, b""))
        return data if data and os.fstat(descriptor).st_ino == inode else b""

    def send(self) -> None:
        """The link is back."""
        with self._lock:
            for descriptor in list(self._kept):
                with contextlib.suppress(OSError):  # closed since
                    if data := self._of(descriptor):
                        with socket.socket(fileno=os.dup(descriptor)) as twin:
                            twin.send(data, socket.MSG_DONTWAIT)
            self._kept.clear()
