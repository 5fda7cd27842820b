"""The serial path over TCP (RFC 2217), where DTR and RTS are real: they drive GPIO0 and EN through two transistors."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import serial
import serial.rfc2217

from .errors import UserError
from .output_queue import OutputQueue
from .reactor import EDGES, Reactor

_CHUNK = 1024
_IAC = b"\xff"  # telnet's "interpret as command", doubled where it is data


class ResetLines:
    """RTS alone pulls EN low, and the chip starts when RTS is released: into the loader if DTR then holds GPIO0 low.

    Both together do not reset a running chip, since terminals assert both. esptool's reset asserts both for a moment
    between its two steps; the capacitor on EN keeps a real chip in reset meanwhile. Over TCP that moment may last any
    time, so here the reset lasts until RTS is released.
    """

    def __init__(self, hold: Callable[[], None], start: Callable[[bool], None]) -> None:
        """hold: called when EN goes low. start: called when EN is high again; True: with GPIO0 low, into the loader."""
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
    """The serial port for pyserial's PortManager, which sets attributes; dtr and rts drive the reset lines."""

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
        """Nothing is buffered here."""

    def reset_output_buffer(self) -> None:
        """Nothing is buffered here."""


class Rfc2217Port:
    """One TCP port on loopback, one client at a time: a new client replaces the old one."""

    def __init__(
        self,
        reactor: Reactor,
        port: int,
        lines: ResetLines,
        received: Callable[[bytes], float],
        room: Callable[[], None],
    ) -> None:
        """port: TCP port, 0 for any free one. Raises UserError when it is taken.

        received: takes a client's bytes; returns for how many seconds the line takes no more. room: `full` has changed.
        """
        self._reactor = reactor
        self._lines = lines
        self._received = received
        self._room = room
        try:
            self._server = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            raise UserError(f"TCP port {port} cannot be served: {error.strerror}; take another or 0") from error
        self._client: socket.socket | None = None
        self._manager: serial.rfc2217.PortManager | None = None
        self._output: OutputQueue | None = None
        self._waits = False  # for the line
        self.path = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        reactor.watch(self._server.fileno(), self._accept)

    @property
    def baud(self) -> int:
        """Bits a second that the client has set."""
        return self._manager.serial.baudrate if self._manager else 115200

    @property
    def full(self) -> bool:
        """Whether the client reads too slowly, so that the board should pause."""
        return self._output is not None and self._output.full

    def close(self) -> None:
        """Stop serving."""
        self._drop()
        self._reactor.forget(self._server.fileno())
        self._server.close()

    def send(self, data: bytes) -> None:
        """Send to the client; dropped when there is none."""
        if self._client:
            self.write(data.replace(_IAC, 2 * _IAC))

    def write(self, data: bytes) -> None:
        """Send bytes as they are, also telnet's own. PortManager calls this."""
        try:
            if self._output:
                self._output.send(data)
        except OSError:
            self._drop()

    def _accept(self) -> None:
        client, _ = self._server.accept()
        self._drop()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        self._client = client
        self._output = OutputQueue(self._reactor, client.send, self._room)
        manager = serial.rfc2217.PortManager(_Settings(self._lines), self)  # writes at once; the client may have gone
        if self._client:
            self._manager = manager
            self._reactor.watch(client.fileno(), self._ready, EDGES)

    def _drop(self) -> None:
        """The client has gone, and the bridge releases both lines."""
        if self._client:
            self._reactor.forget(self._client.fileno())
            self._client.close()
            self._output.drop()
            self._client = self._manager = self._output = None
            self._lines.set(False, False)

    def _ready(self) -> None:
        try:
            self._output.flush()
        except OSError:
            self._drop()
        self._read()

    def _read(self) -> None:
        while self._client and not self._waits:
            try:
                data = self._client.recv(_CHUNK)
                received = b"".join(self._manager.filter(data))
            except BlockingIOError:
                return
            except (OSError, struct.error, IndexError):  # the last two: telnet that PortManager cannot read
                data = b""
            if not data:
                self._drop()
            elif received and (wait_s := self._received(received)):
                self._waits = True
                self._reactor.call_in(wait_s, self._go_on)

    def _go_on(self) -> None:
        self._waits = False
        self._read()
