"""What runs between the board and its processor: sockets, and the calls that go over one of them.

The board owns everything that outlives a reset (flash, pins, chips, radio, clock of the RTC); the processor is a
process that lives from one reset to the next.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

# A call with its answer fits one message: at most one 4 KiB sector and a few words.
_MESSAGE = 16 * 1024
# What a socket says whose other end has closed; a datagram's refuses once, or not at all, and is not connected then.
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ECONNREFUSED, errno.ENOTCONN)


@dataclass(slots=True)
class Link:
    """The ends that one side holds.

    calls: the processor asks, the board answers (SOCK_SEQPACKET, marshalled).
    events: the board tells the processor, at any time: serial input, interrupts (SOCK_SEQPACKET, marshalled).
    output: what the processor prints. Datagrams, since two senders share it: `text` for print() and the REPL, whose
        line ends the UART completes to CR LF, and `raw` for sys.stdout.buffer, which it leaves alone. One queue keeps
        their order.
    """

    calls: socket.socket
    events: socket.socket
    output: socket.socket | None = None
    text: socket.socket | None = None
    raw: socket.socket | None = None

    def close(self) -> None:
        for end in (self.calls, self.events, self.output, self.text, self.raw):
            if end is not None:
                end.close()


def pair() -> tuple[Link, Link]:
    """A new link: the board's ends, the processor's ends."""
    board_calls, cpu_calls = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    board_events, cpu_events = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    output = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    output.bind("")  # an abstract address of the kernel's choice: nothing in the file system
    senders = []
    for _ in range(2):
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sender.bind("")
        sender.connect(output.getsockname())
        senders.append(sender)
    return Link(board_calls, board_events, output=output), Link(cpu_calls, cpu_events, text=senders[0], raw=senders[1])


def send(end: socket.socket, message: tuple) -> None:
    """Send one message of plain values (int, str, bytes, None, bool, tuples of them)."""
    end.send(marshal.dumps(message))


def receive(end: socket.socket) -> tuple | None:
    """The next message, or None when the other side has gone."""
    try:
        data = end.recv(_MESSAGE)
    except ConnectionResetError:
        return None
    return marshal.loads(data) if data else None


@contextlib.contextmanager
def until_the_board_goes() -> Iterator[None]:
    """For what the processor sends: its process ends when nobody is there to take it."""
    try:
        yield
    except OSError as error:
        if error.errno not in _GONE:
            raise
        os._exit(0)


def close_all_but(keep: set[int]) -> None:
    """Close every file descriptor of this process except those in `keep`."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in keep:
            with contextlib.suppress(OSError):  # the listing's own descriptor
                os.close(int(name))
