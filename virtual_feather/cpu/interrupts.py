"""What the board sends its processor at any time: serial input, interrupts, the coming and going of the link.

A second thread takes it, as interrupt handlers do on the chip, and leaves the interpreter something to see to.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time

from .link import receive
from .native import Interpreter
from .sockets import Sockets
from .uart import Uart

_WAKE = signal.SIGUSR1
_AGAIN_S = 0.002
_SOON_S = 0.0001


class Interrupts:
    """The thread, and the signs by which the interpreter is woken: a signal for C, `wake` for Python."""

    def __init__(self, python: Interpreter, events: socket.socket, uart: Uart) -> None:
        """events: the link's."""
        self._python = python
        self._events = events
        self._uart = uart
        self.wake = os.eventfd(0, os.EFD_NONBLOCK)  # written at each event
        self.taken = 0  # events so far
        self.char = -1  # the byte that raises KeyboardInterrupt; -1 for none

    def start(self, sockets: Sockets) -> None:
        """Begin to take events; called in the main thread, which the interpreter is going to occupy."""
        self._sockets = sockets
        # MicroPython's blocking calls must return when one comes: a handler, and no restart of system calls.
        signal.signal(_WAKE, lambda *_: None)
        threading.Thread(target=self._take_events, daemon=True).start()

    def catch_up(self, events: int) -> None:
        """Wait until so many have been taken: what the board's answer follows from has been told before it."""
        while self.taken < events:
            time.sleep(_SOON_S)

    def _take_events(self) -> None:
        while (event := self._next_event()) is not None:
            kind, *values = event
            if kind == "input":
                self._take_input(values[0])
            elif kind == "schedule":
                self._python.lib.mp_sched_schedule(*values)
            elif kind == "radio":
                self._sockets.link(bool(values[0]))
            self.taken += 1
            os.eventfd_write(self.wake, 1)
            self._signal()
        os._exit(0)  # the board has gone

    def _next_event(self) -> tuple | None:
        """Wait for the next; meanwhile see that the interpreter hears of the last.

        A signal that comes just before the interpreter begins to wait for something wakes nobody.
        """
        while self._python.pending and not select.select([self._events], [], [], _AGAIN_S)[0]:
            self._signal()
        return receive(self._events)

    @staticmethod
    def _signal() -> None:
        signal.pthread_kill(threading.main_thread().ident, _WAKE)

    def _take_input(self, data: bytes) -> None:
        if self.char >= 0 and self._uart.attached:
            data, *others = data.split(bytes((self.char,)))
            if others:
                self._python.lib.mp_sched_keyboard_interrupt()
                data += b"".join(others)
        self._uart.receive(data)
