"""The serial path over TCP (RFC 2217), where DTR and RTS are real: they drive GPIO0 and EN through two transistors."""

from __future__ import annotations

import socket
from collections.abc import Callable

import serial
import serial.rfc2217

from .reactor import Reactor

class ResetLines:
    """RTS alone pulls EN low, and the chip starts when RTS is let go: into the loader if DTR then holds GPIO0 low.

    Both together leave a running chip alone, since terminals assert both. Between the two steps of esptool's reset, in
    which both are asserted for a moment, the capacitor on EN keeps a real chip waiting; over TCP that moment has no bound,
    so here it lasts until RTS goes.
    """

    def __init__(self, hold: Callable[[], None], start: Callable[[bool], None]) -> None:
        """hold: EN has gone low. start: EN is high again; True with GPIO0 low, into the loader."""
        self._hold = hold
        self._start = start
        self._held = False

    def set(self, dtr: bool, rts: bool) -> None:
        """The lines as the client asserts them."""
        if rts and not dtr and not self._held:
            self._held = True
            self._hold()
        elif self._held and not rts:
            self._held = False
            self._start(dtr)


class _Settings:
    """What pyserial's PortManager takes for a serial port: it sets attributes, we watch two of them."""

    def __init__(self, lines: ResetLines) -> None:
        self._lines = lines
        self._dtr = self._rts = False
        self.baudrate, self.bytesize, self.parity, self.stopbits = 115200, 8, serial.PARITY_NONE, 1
        self.xonxoff = self.rtscts = self.dsrdtr = self.break_condition = False
        self.cts = self.dsr = self.ri = self.cd = False

    @property
    def dtr(self) -> bool:
        """Data terminal ready, asserted."""
        return self._dtr

    @dtr.setter
    def dtr(self, value: bool) -> None:
        self._dtr = bool(value)
        self._lines.set(self._dtr, self._rts)

    @property
    def rts(self) -> bool:
        """Request to send, asserted."""
        return self._rts

    @rts.setter
    def rts(self, value: bool) -> None:
        self._rts = bool(value)
        self._lines.set(self._dtr, self._rts)

    def reset_input_buffer(self) -> None:
        """Nothing is kept here."""

    def reset_output_buffer(self) -> None:
        """Nothing is kept here."""


class Rfc2217Port:
    """One TCP port on loopback, one client at a time."""

    def __init__(
        self, reactor: Reactor, port: int, lines: ResetLines, received: Callable[[bytes], None]
    ) -> None:
        """port: TCP port, 0 for any free one. Raises OSError when it is taken."""
        self._reactor = reactor
        self._lines = lines
        self._received = received
        self._server = socket.create_server(("127.0.0.1", port))
        self._client: socket.socket | None = None
        self._manager: serial.rfc2217.PortManager | None = None
        self.path = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        reactor.watch(self._server.fileno(), self._accept)

    @property
    def baud(self) -> int:
        """Bits a second that the client has set."""
        return self._manager.serial.baudrate if self._manager else 115200

    def close(self) -> None:
        """Stop serving."""
        self._drop()
        self._reactor.forget(self._server.fileno())
        self._server.close()

    def send(self, data: bytes) -> None:
        """Send to the client; dropped when there is none."""
        if self._client and self._manager:
            self.write(b"".join(self._manager.escape(data)))

    def write(self, data: bytes) -> None:
        """Bytes as they are, telnet's own among them. PortManager calls this."""
        try:
            self._client.sendall(data)
        except OSError:
            self._drop()

    def _accept(self) -> None:
        client, _ = self._server.accept()
        self._drop()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._manager = serial.rfc2217.PortManager(_Settings(self._lines), self)
        self._reactor.watch(client.fileno(), self._read)

    def _drop(self) -> None:
        if self._client:
            self._reactor.forget(self._client.fileno())
            self._client.close()
            self._client = self._manager = None

    def _read(self) -> None:
        try:
            data = self._client.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._drop()
        elif received := b"".join(self._manager.filter(data)):
            self._received(received)
