"""The ESP8266's processor as the board sees it: a process that lives from one reset of the chip to the next.

It shares a page of memory with the board (page.py), where each side reads what the other knows: the clock, levels of
pads, the radio's parameters, RTC memory. Messages go over a SOCK_SEQPACKET socket, one in a record: a byte for the
kind, then data, integers little-endian. The board decides; the processor asks. Ethernet frames go over a second socket,
to the gateway.

From the processor, without an answer:

    T bytes         UART 0 sends
    Q u8 u16        a program listens at a port: 6 TCP, 17 UDP
    H               the file system is mounted, boot.py begins
    O               I2C: STOP
    p               pads have changed, by an interrupt
    R, B            the program resets the chip; the watchdog resets it
    D u64           deep sleep for so many microseconds, 0: until a reset from outside

From the processor, which then waits for the answer `A`, an i32 unless said otherwise:

    P               pads have changed, of those in page.heard. Answer: nothing, or pulses that a device sends now: u16s,
                    the pad, then microseconds high, low, high ...
    S u8, w u8      I2C: START and an address byte; a byte. Answer: whether it is acknowledged
    r               I2C: a byte for the controller
    0 u8            1-Wire, pad: reset. Answer: whether a device is present
    1 u8 u8, 2 u8   1-Wire, pad: a bit from the controller; a bit that it reads
    E u32           erase a sector. Answer: for how many microseconds the flash is busy, -1: there is no such sector
    W u32 bytes     program bytes at an address. Answer: the same
    M u8            Wi-Fi: set the mode. Answer: whether that is done, as for the next four
    C bytes         station: name (32) and key (64)
    A bytes         access point: name (32), key (64), length of the name, channel, security, hidden
    J, L            station: join; leave
    N               scan. Answer: rows of name (32), its length, BSSID (6), channel, RSSI, security
    t bytes         as T, on a paced line. Answer: 0
    I               nothing to do before the board's next alarm: the board skips to the alarm and serves it

From the board:

    A ...           the answer
    U bytes         UART 0 receives
    G               wires outside have changed (the page has their state)
    V               the radio's status has changed
    X               the line takes bytes again
"""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from ..reactor import Reactor
from .page import SharedPage

_LARGEST = 1 << 16

Handler = Callable[[bytes], "int | bytes | None"]


class Child:
    """One running processor."""

    def __init__(  # noqa: PLR0917
        self,
        reactor: Reactor,
        program: Path,
        shared: SharedPage,
        flash: int,
        frames: int,
        handlers: dict[str, Handler],
        died: Callable[[], None],
    ) -> None:
        """flash: descriptor of the flash file. frames: descriptor of the processor's end of the frames' socket.

        handlers: by the message's kind; they return the answer. died: called when the process has ended by itself.
        """
        self._reactor = reactor
        self._page = shared.page
        self._page.told = 0
        self._handlers = handlers
        self._died = died
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        numbers = (other.fileno(), frames, shared.descriptor, flash)
        self._process = subprocess.Popen(
            [program, *map(str, numbers)], pass_fds=numbers, stdin=subprocess.DEVNULL, process_group=0
        )
        other.close()
        reactor.watch(self._socket.fileno(), self._serve)

    def tell(self, kind: str, data: bytes = b"") -> None:
        """Send an event."""
        self._page.told += 1  # before sending: the processor must not find a message that is not counted
        with contextlib.suppress(OSError):  # the process has just died: `_serve` will see it
            self._socket.send(kind.encode() + data)

    def kill(self) -> None:
        """Stop the process at once, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._print_rest()
        self._close()

    def _close(self) -> None:
        if self._socket.fileno() >= 0:
            self._reactor.forget(self._socket.fileno())
            self._socket.close()

    def _print_rest(self) -> None:
        """Hand on what the process printed before its end."""
        while (message := self._receive(socket.MSG_DONTWAIT)) is not None:
            if message[:1] in (b"T", b"t"):
                self._handlers["T"](message[1:])

    def _receive(self, flags: int = 0) -> bytes | None:
        try:
            return self._socket.recv(_LARGEST, flags) or None
        except OSError:
            return None

    def _serve(self) -> None:
        message = self._receive()
        if message is None:
            self._process.wait()
            self._close()
            self._died()
            return
        answer = self._handlers[chr(message[0])](message[1:])
        if answer is not None and self._socket.fileno() >= 0:  # a handler such as a reset ends this process
            self.tell("A", answer if isinstance(answer, bytes) else struct.pack("<i", answer))
