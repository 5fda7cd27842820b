"""The serial path: a pty whose other side is the Feather's USB bridge."""

from __future__ import annotations

import os
import select
import tty
from collections.abc import Callable
from pathlib import Path

from .pacing import rate_of
from .reactor import Reactor

_CHUNK = 4096


class SerialPort:
    """One path that clients open, close and open again. What is sent while nobody has it is lost, as on a cable."""

    def __init__(
        self, reactor: Reactor, link: Path | None, received: Callable[[bytes], None], closed: Callable[[], None]
    ) -> None:
        """link: a symbolic link to make to the path. received: bytes of a client. closed: the last client has gone."""
        self._received = received
        self._closed = closed
        self._pending = b""
        self._reactor = reactor
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # With no descriptor of ours on it the pty hangs up when its last client closes it: there is no other sign.
        os.close(slave)
        os.set_blocking(self._master, False)
        self._link = link
        if link:
            link.unlink(missing_ok=True)
            link.symlink_to(self.path)
        reactor.watch(self._master, self._read, edge=True)
        self._open = False

    def close(self) -> None:
        """Unplug the cable."""
        if self._link and self._link.is_symlink() and os.readlink(self._link) == self.path:
            self._link.unlink()
        self._reactor.forget(self._master)
        os.close(self._master)

    @property
    def baud(self) -> int:
        """Bits a second that the client has set."""
        return rate_of(self._master)

    def send(self, data: bytes) -> None:
        """Send to the client, in order; dropped when there is none."""
        if self._hung_up():
            self._pending = b""
            return
        self._pending += data
        self._flush()

    def _flush(self) -> None:
        while self._pending:
            try:
                self._pending = self._pending[os.write(self._master, self._pending) :]
            except BlockingIOError:
                self._reactor.call_in(0.002, self._flush)  # the client is slow: 4 KiB wait in the kernel
                return
            except OSError:
                self._pending = b""

    def _hung_up(self) -> bool:
        poll = select.poll()
        poll.register(self._master, 0)
        return bool(poll.poll(0))

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, _CHUNK)
            except BlockingIOError:
                self._open = True
                return
            except OSError:  # EIO: no client
                if self._open:
                    self._open = False
                    self._closed()
                return
            self._open = True
            self._received(data)
