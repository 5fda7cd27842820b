"""A processor's life as the board sees it: forked at a reset, served, killed at the next."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
from collections.abc import Callable

from ..reactor import Reactor
from .link import Link, pair, receive, send
from .processor import Start, run

_LONE_LF = re.compile(rb"(?<!\r)\n")
_BUFFER = memoryview(bytearray(1 << 18))  # more than a datagram can have


class Life:
    """One running processor."""

    def __init__(
        self,
        reactor: Reactor,
        start: Start,
        operate: Callable[..., object],
        printed: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        """operate(name, values...): does what the processor asks for; a tuple is a result and data for its buffer.

        printed: what comes out of its UART. ended: it has died by itself.
        """
        self._reactor = reactor
        self._operate = operate
        self._printed = printed
        self._ended = ended
        self._link, other = pair()
        self._text_address = other.text.getsockname()
        self._last = b""
        self._held = False
        self.events = 0  # told so far
        self._skipped = start.skipped
        if self._skipped:
            self._skipped.told = 0
        self._pid = self._fork(start, other)
        other.close()
        reactor.watch(self._link.calls.fileno(), self._serve)
        reactor.watch(self._link.output.fileno(), self._pump)

    def _fork(self, start: Start, other: Link) -> int:
        pid = os.fork()
        if not pid:
            self._link.close()
            run(other, start)  # never returns
        return pid

    def type(self, data: bytes) -> None:
        """Bytes arrive at the UART."""
        self._tell("input", data)

    def schedule(self, handler: int, argument: int) -> None:
        """An interrupt: the interpreter calls handler(argument), both its objects, as soon as it can."""
        self._tell("schedule", handler, argument)

    def radio(self, linked: bool) -> None:
        """The link has come or gone."""
        self._tell("radio", linked)

    def _tell(self, *event: object) -> None:
        self.events += 1
        if self._skipped:
            self._skipped.told = self.events
        with contextlib.suppress(OSError):  # it has just died: `_serve` will see it
            send(self._link.events, event)

    def hold_output(self, held: bool) -> None:
        """Leave what it prints in a queue of a few messages, and then it waits in print(); or go on."""
        if held == self._held:
            return
        self._held = held
        if held:
            self._reactor.forget(self._link.output.fileno())
        else:
            self._reactor.watch(self._link.output.fileno(), self._pump)

    def kill(self) -> None:
        """Stop it at once, whatever it is doing."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._pump(all_of_it=True)
        self._reactor.forget(self._link.calls.fileno())
        self._reactor.forget(self._link.output.fileno())
        self._link.close()

    def _serve(self) -> None:
        call = receive(self._link.calls)
        if call is None:
            self._ended()
            return
        answer = self._carry_out(*call)
        if self._link.calls.fileno() >= 0:  # an operation such as reset ends this life
            with contextlib.suppress(OSError):
                send(self._link.calls, (*answer, self.events))

    def _carry_out(self, name: str, *values: object) -> tuple[object, bytes | None, str | None]:
        """An operation's result, what it gives beside that, and what is wrong with its arguments."""
        try:
            result = self._operate(name, *values)
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            return None, None, f"{name}: {error}"
        return (*result, None) if isinstance(result, tuple) else (result, None, None)

    def _pump(self, all_of_it: bool = False) -> None:
        """Pass on what was printed, until the line is full; before the end of a life, all."""
        while all_of_it or not self._held:
            try:
                size, sender = self._link.output.recvfrom_into(_BUFFER, 0, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            data = bytes(_BUFFER[:size])
            self._printed(self._with_line_ends(data) if sender == self._text_address else data)
            self._last = data[-1:]

    def _with_line_ends(self, text: bytes) -> bytes:
        """LF becomes CR LF, as the UART's driver does for text; an LF behind a CR is one already."""
        ended = _LONE_LF.sub(b"\r\n", text)
        return ended[1:] if self._last == b"\r" and text.startswith(b"\n") else ended
