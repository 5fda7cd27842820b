"""One TCP connection of the board (RFC 9293), which ends here and continues in a socket of this computer.

Bytes from the board are acknowledged once the socket, or one small buffer, has taken them. The board is sent no more
than its window allows; the rest waits at the sender. Frames are lost only while the radio has no link: unacknowledged
bytes are sent again, timed by the board's clock.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from collections.abc import Callable

from ..reactor import Alarm, Reactor
from .packets import ACK, FIN, MSS, PSH, RST, SYN, Segment
from .traffic import Traffic

_ROOM = 2 * MSS  # bytes from the board that wait for the socket
_SEND_BUFFER = 2 * MSS  # bytes that wait in the socket, as near as the system keeps it
_FIRST_S, _LONGEST_S, _TRIES = 0.2, 60.0, 15  # before a retransmission, doubled each time; without an answer
_RECEIVE_BUFFER = 4 * MSS  # bytes that wait in the socket for the board
_MODULUS = 1 << 32
_BREAK = struct.pack("ii", 1, 0)  # SO_LINGER with which close() sends RST
_READING, _WRITING = select.EPOLLIN, select.EPOLLOUT


def prepare(sock: socket.socket) -> None:
    """Make a socket, or the connections of a listener, non-blocking, without delay, with small buffers."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, MSS)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)


class Connection:
    """The board's segments on one side, a socket on the other."""

    def __init__(
        self,
        reactor: Reactor,
        traffic: Traffic,
        sock: socket.socket,
        send: Callable[[int, int, int, int, bytes], None],
        ended: Callable[[], None],
    ) -> None:
        """sock: prepared; connected, or about to be.

        send(flags, sequence, acknowledgement, window, data): a segment to the board. ended: called once, at the end.
        """
        self._reactor = reactor
        self._traffic = traffic
        self._sock = sock
        self._send = send
        self._ended = ended
        self._interest = 0
        self._connecting = False
        self._closed = False
        # To the board: the bytes that it has not acknowledged, and the sequence number of the first.
        self._sequence = int.from_bytes(os.urandom(4), "big")
        self._syn = False  # whether our SYN waits to be acknowledged
        self._out = bytearray()
        self._host_ended = False  # a FIN follows, or has followed
        self._fin_acknowledged = False
        self._window = MSS
        self._alarm: Alarm | None = None
        self._delay_s, self._unanswered = _FIRST_S, 0
        self._seen = self._sequence  # when the alarm was set
        # From the board.
        self.first: int | None = None  # sequence number of its SYN
        self._next = 0
        self._in = bytearray()  # what the socket has not taken
        self._told_room = _ROOM
        self._board_ended = False
        self._shut = False

    # How it begins.

    def connect(self, syn: Segment, address: tuple[str, int]) -> None:
        """The board connects to `address`: connect the socket there, then answer the board's SYN."""
        self.first, self._window = syn.sequence, syn.window
        self._next = (syn.sequence + 1) % _MODULUS
        self._connecting = True
        self._traffic.sent()
        code = self._sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            self._watch()
        else:
            self._connected(code)

    def _connected(self, code: int) -> None:
        self._connecting = False
        if code == 0:
            self._syn = True
            self._repeat()
            self._watch()
        elif code == errno.ECONNREFUSED:
            self._break()
        else:
            self._close()  # an absent host does not answer

    def accept(self) -> None:
        """The socket has been connected to a server on the board: send a SYN."""
        self._syn = True
        self._repeat()

    # What comes from the board.

    def receive(self, segment: Segment) -> None:
        """A segment of this connection."""
        if segment.flags & RST:
            self.close()
            return
        if self._connecting:
            return
        self._unanswered = 0
        if segment.flags & SYN and self.first is None and segment.flags & ACK:
            self.first = segment.sequence
            self._next = (segment.sequence + 1) % _MODULUS
            self._take_acknowledgement(segment)
            self._answer()
        elif segment.flags & SYN:
            self._repeat() if self._syn else self._answer()
        elif self.first is not None:
            self._take_acknowledgement(segment)
            if not self._syn:
                self._take_data(segment)
        self._move()

    def _take_acknowledgement(self, segment: Segment) -> None:
        count = (segment.acknowledgement - self._sequence) % _MODULUS
        if count > self._in_flight:
            return
        self._window = segment.window
        if not count:
            return
        self._sequence = segment.acknowledgement
        self._delay_s = _FIRST_S
        if self._syn:
            self._syn = False
            count -= 1
        self._fin_acknowledged = count > len(self._out)
        del self._out[:count]

    def _take_data(self, segment: Segment) -> None:
        """Take the new bytes that find room, and acknowledge them."""
        known = (self._next - segment.sequence) % _MODULUS
        if known < _MODULUS // 2:  # otherwise bytes before it are missing
            data = segment.data[known : known + _ROOM - len(self._in)]
            self._in += data
            self._next = (self._next + len(data)) % _MODULUS
            if segment.flags & FIN and not self._board_ended and known + len(data) == len(segment.data):
                self._board_ended = True
                self._next = (self._next + 1) % _MODULUS
        if segment.data or segment.flags & FIN or known:
            self._push()
            self._answer()

    # Between the two.

    def _serve(self) -> None:
        """The socket is ready to read or to write."""
        if self._connecting:
            self._connected(self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            return
        self._push()
        if not self._closed and self._told_room < MSS <= _ROOM - len(self._in):
            self._answer()
        self._move()

    def _move(self) -> None:
        self._push()
        if not self._closed:
            self._pull()
        if self._closed:
            return
        if self._fin_acknowledged and self._shut:
            self._close()
            return
        self._watch()

    def _push(self) -> None:
        """Give the socket what has come from the board."""
        if self._closed:
            return
        try:
            while self._in:
                count = self._sock.send(self._in)
                self._traffic.sent(self._sock)
                del self._in[:count]
            if self._board_ended and not self._shut:
                self._shut = True
                self._sock.shutdown(socket.SHUT_WR)
                self._traffic.sent(self._sock)
        except BlockingIOError:
            pass
        except OSError:
            self._break()

    def _pull(self) -> None:
        """Send the board what the socket has, as far as the board's window allows."""
        while not self._syn and not self._host_ended and (room := self._window - len(self._out)) > 0:
            try:
                data = self._sock.recv(min(room, MSS))
            except BlockingIOError:
                return
            except OSError:
                self._break()
                return
            self._traffic.heard()
            at = self._sequence + len(self._out)
            self._out += data
            self._host_ended = not data
            self._emit(ACK | (PSH if data else FIN), at, data)

    def _watch(self) -> None:
        """Wait for what the socket can do next, and for the board's answer if one is due."""
        if self._connecting:
            interest = _WRITING
        else:
            reads = not self._syn and not self._host_ended and self._window > len(self._out)
            interest = (_READING if reads else 0) | (_WRITING if self._in else 0)
        if interest != self._interest:
            self._reactor.forget(self._sock.fileno())
            if interest:
                self._reactor.watch(self._sock.fileno(), self._serve, interest)
            self._interest = interest
        if not self._alarm and self._owes:
            self._set_alarm()

    # What goes to the board.

    @property
    def _in_flight(self) -> int:
        """How many sequence numbers the board has not acknowledged."""
        return self._syn + len(self._out) + (self._host_ended and not self._fin_acknowledged)

    @property
    def _owes(self) -> bool:
        """Whether the board has to acknowledge something, or to open its window again."""
        return bool(self._in_flight) or (not self._connecting and not self._host_ended and not self._window)

    def _emit(self, flags: int, sequence: int, data: bytes = b"") -> None:
        self._told_room = _ROOM - len(self._in)
        known = self._next if flags & ACK else 0
        self._send(flags, sequence % _MODULUS, known, self._told_room, data)
        if not self._alarm and not flags & RST and self._owes:
            self._set_alarm()

    def _answer(self) -> None:
        if not self._closed:
            self._emit(ACK, self._sequence + self._in_flight)

    def _repeat(self) -> None:
        """Send all that is not acknowledged; if there is nothing, probe the board's window."""
        if self._syn:
            self._emit(SYN if self.first is None else SYN | ACK, self._sequence)
            return
        for at in range(0, len(self._out), MSS):
            self._emit(ACK | PSH, self._sequence + at, bytes(self._out[at : at + MSS]))
        if self._host_ended and not self._fin_acknowledged:
            self._emit(ACK | FIN, self._sequence + len(self._out))
        if not self._in_flight:
            self._emit(ACK, self._sequence - 1)

    def _set_alarm(self) -> None:
        self._seen = self._sequence
        self._alarm = self._reactor.call_in(self._delay_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._owes and self._seen == self._sequence:
            if self._unanswered == _TRIES:
                self.close()
                return
            self._unanswered += 1
            self._delay_s = min(2 * self._delay_s, _LONGEST_S)
            self._repeat()
        elif self._owes:
            self._set_alarm()

    # How it ends.

    def _break(self) -> None:
        """The other side is lost: send the board a RST."""
        self._emit(RST | ACK, self._sequence + self._in_flight)
        self._close()

    def close(self) -> None:
        """End the connection at once: send the other side a RST, and the board nothing."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _BREAK)
        self._close()

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._alarm:
            self._alarm.cancel()
        self._reactor.forget(self._sock.fileno())
        self._sock.close()
        self._ended()
