"""Carries Ethernet frames between processor and gateway over a socket; the shared page counts the frames."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from ..processor.page import Page
from ..reactor import Reactor
from .gateway import Gateway

_FRAME = 2048  # bytes, more than a frame has


class Cable:
    """Connected while a processor runs."""

    def __init__(self, reactor: Reactor, page: Page, mac: bytes, network: bool, fast: Callable[[], bool]) -> None:
        """mac, network: as for Gateway. fast: whether idle time is skipped."""
        self._reactor = reactor
        self._page = page
        self._fast = fast
        self._socket: socket.socket | None = None
        self.gateway = Gateway(reactor, mac, self._send, self._not_quiet_before, network)

    @property
    def handlers(self) -> dict[str, Callable]:
        """The handlers of the processor's messages, by kind."""
        return {"Q": lambda data: self.gateway.serves(*struct.unpack("<BH", data))}

    def plug(self) -> socket.socket:
        """Connect; return the processor's end of the socket."""
        self._page.frames = self._page.sent = self._page.seen = 0
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._reactor.watch(self._socket.fileno(), self._take)
        return other

    def unplug(self) -> None:
        """Disconnect, as the processor has ended."""
        if self._socket:
            self._reactor.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _take(self) -> None:
        while self._socket:
            try:
                frame = self._socket.recv(_FRAME)
            except OSError:
                return
            if not frame:
                return
            self.gateway.receive(frame)
            self._page.seen += 1

    def _send(self, frame: bytes) -> None:
        if self._socket:
            self._page.frames += 1
            try:
                self._socket.send(frame)
            except OSError:
                self._page.frames -= 1  # no room: the frame is lost, as over the air

    def _not_quiet_before(self, monotonic_s: float) -> bool:
        self._page.quiet_from_us = int(monotonic_s * 1e6)
        return self._fast()
