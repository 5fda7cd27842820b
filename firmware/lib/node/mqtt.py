"""MQTT packets: umqtt's client makes ours (Wire is its socket), Inbox takes the broker's apart. Nothing here waits.

Numbers of sections are those of MQTT 3.1.1.
"""

from micropython import const

_OUT = const(192)  # holds a reading or a CONNECT whole; what is longer goes out in pieces of this size
_IN = const(256)  # longest packet that is taken in
_BUFFERS = (bytes, bytearray, memoryview)


class Wire:
    """What umqtt takes for its socket, and for the module that makes it: writes are collected, a read raises EOFError.

    Where umqtt would wait for the broker its call ends, and to wait is ours.
    The packet is in `_buf` up to `_end`; `_sent` of it is out; what did not fit is in `_more`.
    """

    def __init__(self):
        self._buf = bytearray(_OUT)
        self._nothing = EOFError()  # no class of our own: there __traceback__ would be an attribute like any other
        self.open(None)

    def open(self, sock):
        """Begin with nothing to send; `sock` is a non-blocking socket."""
        self._sock = sock
        self._end = self._sent = 0
        self._more = []

    def write(self, data, size=None):
        """Add bytes to the packet. `data` may be any object that has a len() and yields its bytes in pieces."""
        if size is not None:
            data = data[:size]
        plain = isinstance(data, _BUFFERS)
        end = self._end + len(data)
        if plain and end <= _OUT and not self._more:
            self._buf[self._end : end] = data
            self._end = end
        else:
            self._more.append(data if plain else iter(data))

    def flush(self):
        """Write what the socket takes. True when all is out. Raises OSError when the connection is lost."""
        while self._end or self._more:
            if self._sent == self._end:
                self._refill()
            written = self._sock.write(self._buf, self._sent, self._end - self._sent)
            if written is None:
                return False
            self._sent += written
            if self._sent < self._end:
                return False
            self._end = self._sent = 0
        return True

    def _refill(self):
        """Fill the empty buffer from `_more`: many small writes would use up lwIP's buffers, and then one blocks."""
        more = self._more
        self._end = self._sent = 0
        while more and self._end < _OUT:
            piece = more[0]
            if not isinstance(piece, _BUFFERS):
                try:
                    more.insert(0, next(piece))
                except StopIteration:
                    more.pop(0)
                continue
            room = _OUT - self._end
            if len(piece) > room:
                piece = memoryview(piece)
                more[0] = piece[room:]
                piece = piece[:room]
            else:
                more.pop(0)
            self._buf[self._end : self._end + len(piece)] = piece
            self._end += len(piece)

    # The rest of what umqtt calls. Its connect() makes a socket and waits for it: we have one that is connected.

    def read(self, size):
        self._nothing.__traceback__ = None  # MicroPython adds each raise to those before
        raise self._nothing

    def socket(self, *_):
        return self

    def getaddrinfo(self, *_):
        return ((None,),)

    def connect(self, address):
        pass

    def settimeout(self, seconds):
        pass

    def setblocking(self, flag):
        pass

    def close(self):
        pass


class Inbox:
    """Takes the broker's packets out of the stream, however it is cut, in one buffer.

    fill(), then next() until it returns 0; the body of a packet is there until the call that follows. A PUBLISH longer
    than the buffer is given by its beginning, `cut` telling how many bytes are missing: they are thrown away.
    """

    def __init__(self):
        self._buf = bytearray(_IN)
        self._view = memoryview(self._buf)
        self.open()

    def open(self):
        """Begin with a new connection."""
        self._have = self._body = self._end = self.cut = 0

    def fill(self, sock):
        """Read once. False when nothing is there. Raises OSError when the connection is lost or closed."""
        have = self._have
        count = sock.readinto(self._view[have:] if have else self._buf)
        if count is None:
            return False
        if count == 0:
            raise OSError("closed by the broker")
        if self.cut:
            self._end = min(self.cut, count)
            self.cut -= self._end
        self._have = have + count
        return True

    def next(self):
        """Return the first byte of the next packet, 0 when none is complete. Raises ValueError: that is no packet."""
        if self.cut:
            self._have = self._end = 0
            return 0
        buf, have, start = self._buf, self._have, self._end
        size = shift = 0
        at = start + 1
        while True:
            if at >= have:
                return self._incomplete(start)
            byte = buf[at]
            size |= (byte & 0x7F) << shift
            at += 1
            if byte < 0x80:
                break
            shift += 7
            if shift > 21:  # 2.2.3
                raise ValueError("malformed: length")
        kind = buf[start]
        _check(kind, size)
        if at + size > have:
            if have - start < _IN:
                return self._incomplete(start)
            self.cut = at + size - have
        self._body = at
        self._end = at + size - self.cut
        return kind

    def _incomplete(self, start):
        """Move the beginning of a packet to the start of the buffer, where fill() goes on with it."""
        left = self._have - start
        if start and left:
            self._buf[:left] = self._view[start : self._have]
        self._have = left
        self._end = 0
        return 0

    def _number(self, at):
        """Two bytes of the body (1.5.2)."""
        if at + 2 > self._end:
            raise ValueError("malformed: too short")
        return self._buf[at] << 8 | self._buf[at + 1]

    def answer(self, kind):
        """Return what says which request this answers: kind << 16 | packet identifier (0 where there is none)."""
        return kind << 16 | (self._number(self._body) if kind == 0x40 or kind == 0x90 else 0)

    def code(self):
        """Return the last byte of the body: the return code of CONNACK (3.2.2.3) and SUBACK (3.9.3)."""
        return self._buf[self._end - 1]

    def message(self, kind):
        """Return (topic, payload, packet identifier or 0) of a PUBLISH (3.3); (None, None, ...) of one that is cut."""
        at = self._body + 2
        end = at + self._number(self._body)
        pid = 0
        if self.cut and end + 2 > self._end:
            return None, None, pid  # not even its identifier is here
        if kind & 0x02:
            pid = self._number(end)
        payload = end + (kind & 0x02)  # the identifier of QoS 1 is two bytes
        if payload > self._end or (end == at) or pid == 0 != kind & 0x02:
            raise ValueError("malformed: PUBLISH")
        if self.cut:
            return None, None, pid
        return bytes(self._view[at:end]), bytes(self._view[payload : self._end]), pid


def _check(kind, size):
    """Raise ValueError unless a broker may send this first byte and length to a client of QoS 0 and 1."""
    if kind & 0xF0 == 0x30:
        good = kind & 0x04 == 0  # 3.3.1.2: QoS 0 or 1
    elif kind == 0x90:
        good = size == 3  # one filter a SUBSCRIBE
    elif kind == 0xD0:
        good = size == 0
    else:
        good = size == 2 and (kind == 0x20 or kind == 0x40)
    if not good:
        raise ValueError("malformed: type 0x%02x, %d bytes" % (kind, size))
