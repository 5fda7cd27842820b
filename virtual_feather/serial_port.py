"""The serial path: a pty whose other side is the Feather's USB bridge."""

from __future__ import annotations

import os
import select
import tty
from collections.abc import Callable
from pathlib import Path

from .errors import UserError
from .output_queue import OutputQueue
from .pacing import rate_of
from .path_watcher import PathWatcher
from .reactor import EDGES, Reactor

_CHUNK = 512  # bytes taken from a client at once; a USB bridge and its driver buffer about twice as many


class SerialPort:
    """One path that clients open, close and open again. What is sent while no client has it open is lost."""

    def __init__(
        self,
        reactor: Reactor,
        link: Path | None,
        received: Callable[[bytes], float],
        closed: Callable[[], None],
        room: Callable[[], None],
    ) -> None:
        """link: a symbolic link to make to the path. Raises UserError where that cannot be made.

        received: takes a client's bytes; returns for how many seconds the line takes no more. closed: the last client
        has gone. room: `full` has changed.
        """
        self._received = received
        self._closed = closed
        self._reactor = reactor
        self._open = False
        self._closing = False  # a client has closed the path, perhaps not the last one
        self._waits = False  # for the line
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # A link through this process's /proc folder leads nowhere once the process is killed. A link to the pty itself
        # might then lead to another board, as the system gives the pty's number to the next program.
        self._target = f"/proc/{os.getpid()}/root{self.path}"
        # While we have no descriptor of it open, the pty hangs up when its last client closes it.
        os.close(slave)
        try:
            self._watcher: PathWatcher | None = PathWatcher(self.path)
        except OSError:
            self._watcher = None  # a hang-up is missed if the next client ends it before we look
        os.set_blocking(self._master, False)
        self._output = OutputQueue(reactor, lambda data: os.write(self._master, data), room)
        self._link = link
        if link:
            _point(link, self._target)
        reactor.watch(self._master, self._ready, EDGES)
        if self._watcher:
            reactor.watch(self._watcher.descriptor, self._hear)

    def close(self) -> None:
        """Unplug the cable."""
        if self._link and self._link.is_symlink() and os.readlink(self._link) == self._target:
            self._link.unlink()
        if self._watcher:
            self._reactor.forget(self._watcher.descriptor)
            self._watcher.close()
        self._reactor.forget(self._master)
        os.close(self._master)

    @property
    def baud(self) -> int:
        """Bits a second that the client has set."""
        return rate_of(self._master)

    @property
    def full(self) -> bool:
        """Whether the client reads too slowly, so that the board should pause."""
        return self._output.full

    def send(self, data: bytes) -> None:
        """Send to the client, in order; dropped when there is none."""
        if self._hung_up():
            self._output.drop()
            return
        try:
            self._output.send(data)
        except OSError:
            self._output.drop()

    def _hung_up(self) -> bool:
        poll = select.poll()
        poll.register(self._master, 0)
        return bool(poll.poll(0))

    def _ready(self) -> None:
        try:
            self._output.flush()
        except OSError:
            self._output.drop()
        self._read()

    def _hear(self) -> None:
        """Note opens and closes of the path. Equal events may be merged, so clients cannot be counted."""
        for opened in self._watcher.news() if self._watcher else ():
            if opened and self._closing:
                self._gone()
            self._open = self._open or opened
            self._closing = not opened

    def _gone(self) -> None:
        if self._open:
            self._open = False
            self._output.drop()
            self._closed()

    def _read(self) -> None:
        while not self._waits:
            self._hear()  # the end of the old client, before the bytes of a new one
            try:
                data = os.read(self._master, _CHUNK)
            except BlockingIOError:
                self._open = True
                return
            except OSError:  # EIO: no client
                self._gone()
                return
            self._open = True
            if wait_s := self._received(data):
                self._waits = True
                self._reactor.call_in(wait_s, self._go_on)

    def _go_on(self) -> None:
        self._waits = False
        self._read()


def _point(link: Path, target: str) -> None:
    try:
        if link.is_symlink():
            link.unlink()
        link.symlink_to(target)
    except OSError as error:
        raise UserError(f"no link can be made at {link}: {error.strerror}; choose another --link") from error
