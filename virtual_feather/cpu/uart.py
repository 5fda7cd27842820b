"""UART 0 as the processor sees it: the standard streams while the REPL has it, machine.UART's alone if not."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import socket
import termios
import time
from collections.abc import Callable

_RING = 255  # bytes that the port's ring buffer of 256 holds (ports/esp8266/esp_mphal.c)
_ALONE = 15  # that of machine.UART, until a program asks for more (ports/esp8266/uart.h)
_PATIENCE_S = 0.25  # a chip is never as late with reading as a process on a busy computer can be


class _Queue:
    """Bytes that have arrived and wait to be read, in the kernel, as MicroPython reads descriptors."""

    def __init__(self, capacity: int | None) -> None:
        """capacity: bytes that it holds; None: as many as the kernel's."""
        self._near, self.end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._near.setblocking(False)
        self.capacity = capacity
        self._overrun = False

    def put(self, data: bytes) -> None:
        """Take bytes that arrive. Those for which there is no room are lost."""
        with contextlib.suppress(BlockingIOError):
            while data and (room := self._room(len(data))):
                self._near.send(data[:room])
                data = data[room:]
                self._overrun = False

    def _room(self, wanted: int) -> int:
        """Bytes that fit now; while nobody reads, wait for that once."""
        if self.capacity is None:
            return wanted
        deadline = time.monotonic() + _PATIENCE_S
        while (room := self.capacity - self.waiting()) <= 0 and not self._overrun:
            time.sleep(0.001)
            self._overrun = time.monotonic() > deadline
        return max(room, 0)

    def waiting(self) -> int:
        count = ctypes.c_int()
        fcntl.ioctl(self.end, termios.FIONREAD, count)
        return count.value

    def take(self, size: int, timeout_ms: int) -> bytes:
        """What comes within the time-out, or nothing."""
        ready, _, _ = select.select([self.end], [], [], timeout_ms / 1000)
        return self.end.recv(size) if ready else b""


class Uart:
    """Input and output of the processor."""

    def __init__(self, text: int, raw: int, paced: bool) -> None:
        """text, raw: descriptors to send to, for text whose line ends the board completes, and for bytes.

        paced: what arrives comes no faster than on a real line, and finds a buffer of the real size.
        """
        self._text, self._raw = text, raw
        self._wire = os.dup(raw)
        self._terminal, self._alone = (_Queue(size if paced else None) for size in (_RING, _ALONE))
        self.attached = True

    @property
    def operations(self) -> dict[str, Callable]:
        """What MicroPython may ask for."""
        return {
            "uart_attach": self._attach,
            "uart_any": self._any,
            "uart_rxbuf": self._resize,
            "uart_read": self._read,
            "uart_write": lambda data: os.write(self._wire, data) and None,
        }

    def connect_standard_streams(self) -> None:
        """Make descriptors 0, 1 and 2 those of the UART."""
        os.dup2(self._terminal.end.fileno(), 0)
        os.dup2(self._text, 1)
        os.dup2(self._text, 2)

    def receive(self, data: bytes) -> None:
        """Bytes have arrived."""
        self._queue.put(data)

    @property
    def _queue(self) -> _Queue:
        return self._terminal if self.attached else self._alone

    def _attach(self, attached: bool) -> None:
        """Give the UART to the REPL or take it away: then nothing of it is printed and nothing typed reaches it."""
        if attached == self.attached:
            return
        self.attached = attached
        if attached:
            os.dup2(self._text, 1)
            os.dup2(self._wire, self._raw)
            return
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, self._raw)
        os.close(nothing)

    def _resize(self, size: int) -> None:
        """How many bytes wait for machine.UART, at most."""
        if self._alone.capacity is not None:
            self._alone.capacity = size

    def _any(self) -> int:
        return self._queue.waiting()

    def _read(self, timeout_ms: int, timeout_char_ms: int, into: memoryview) -> int:
        """Fill `into`; the first byte may take timeout_ms, each further one timeout_char_ms. How many came."""
        data = self._queue.take(len(into), timeout_ms)
        while data and len(data) < len(into) and (more := self._queue.take(len(into) - len(data), timeout_char_ms)):
            data += more
        into[: len(data)] = data
        return len(data)
