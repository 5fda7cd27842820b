"""The two directions of an MQTT connection, neither of which waits: what umqtt writes, and the broker's packets.

Section numbers are those of MQTT 3.1.1.
"""

from micropython import const

_OUT = const(128)  # holds a whole reading; the buffer grows for a longer packet, until that is sent
_IN = const(192)  # longest packet that is read whole
_ANSWERS = const(0x2214)  # bits of the packet types that answer a request: CONNACK 2, PUBACK 4, SUBACK 9, PINGRESP 13


class PacketStream:
    """The socket of umqtt's client: a wrapper around a non-blocking one.

    Outwards: umqtt's many small writes are collected, flush() writes them as one. Where umqtt would wait for the broker
    it gets EOFError: Session waits. Inwards: next() takes packets out of the stream, however it is cut.
    """

    def __init__(self):
        self.input = bytearray(_IN)
        self._nothing = EOFError()  # not a subclass: there __traceback__ would be an ordinary attribute
        self.open(None)

    def open(self, sock):
        """Begin a connection; None: there is none."""
        self.sock = sock
        self._out = bytearray(_OUT)
        self.end = self._sent = 0  # of _out: bytes in it, bytes that are sent
        self.size = self._next = 0  # of input: bytes in it, bytes that are dealt with
        self._cut = 0  # bytes that are still to come of a packet too long for input
        self.code = 0
        self.message = None

    def write(self, data, size=None):
        """Add the bytes `data`, or `size` of them, to the packet."""
        if size is not None:
            data = data[:size]
        end = self.end + len(data)
        self._out[self.end : end] = data
        self.end = end

    def read(self, size):
        """End umqtt's call."""
        self._nothing.__traceback__ = None  # MicroPython would add to it at each raise
        raise self._nothing

    def flush(self):
        """Write what the socket takes. True when all is out. Raises OSError when the connection is lost."""
        if self.end:
            written = self.sock.write(self._out, self._sent, self.end - self._sent)
            if written is not None:
                self._sent += written
            if self._sent < self.end:
                return False
            self.end = self._sent = 0
            if len(self._out) > _OUT:
                self._out = bytearray(_OUT)
        return True

    def next(self, fill):
        """Take the next packet; first, if `fill`, read once from the socket.

        Returns the first byte << 16 | packet identifier, which tell its kind and whose answer it is; 0 when there is no
        whole packet yet. Sets `code` to the last byte (the return code of CONNACK, 3.2.2.3, and SUBACK, 3.9.3), or for
        a PUBLISH `message` to (topic, payload, retained). If the packet is too long, the payload is None; if the topic
        alone is, `message` is None. The rest of such a packet is thrown away. Raises OSError when the connection is
        lost or closed, ValueError for what is no packet, or not one for a client.
        """
        data = self.input
        have = self.size
        if fill:
            count = self.sock.readinto(memoryview(data)[have:] if have else data)
            if count is None:
                return 0
            if count == 0:
                raise OSError("closed by the broker")
            if self._cut:  # then size was 0
                self._next = min(self._cut, count)
                self._cut -= self._next
            self.size = have = have + count
        start = self._next
        if self._cut:
            self.size = self._next = 0
            return 0
        size = shift = 0
        at = start + 1
        while at < have:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift > 21:  # 2.2.3
                raise ValueError("malformed: length")
        else:
            size = _IN  # not known yet
        if at + size > have and have - start < _IN:  # wait for the rest at the beginning of the buffer
            if start and start < have:
                data[: have - start] = data[start:have]
            self.size = have - start
            self._next = 0
            return 0
        self._cut = max(0, at + size - have)
        self._next = at + size - self._cut
        kind = data[start]
        pid = 0
        if kind & 0xF0 == 0x30:
            pid = self._take(kind, at)
        elif size != (0 if kind == 0xD0 else 3 if kind == 0x90 else 2) or kind & 15 or not _ANSWERS >> (kind >> 4) & 1:
            raise ValueError("malformed: type 0x%02x, %d bytes" % (kind, size))
        else:
            self.code = data[at + size - 1]
            if kind & 0x50 != 0x50 and kind != 0x20:  # PUBACK, SUBACK
                pid = data[at] << 8 | data[at + 1]
        return kind << 16 | pid

    def _take(self, kind, at):
        """Set `message` by the PUBLISH whose body begins at `at` (3.3); return its identifier, 0 where it has none."""
        data = self.input
        end = self._next
        self.message = None
        at += 2
        payload = at + (data[at - 2] << 8 | data[at - 1]) if at < end else end
        pid = 0
        if self._cut and payload + 2 > end:
            return pid  # not even the identifier is here
        topic = payload
        if kind & 0x02:
            payload += 2
            if payload <= end:
                pid = data[topic] << 8 | data[topic + 1]
        if kind & 0x04 or payload > end or topic <= at or kind & 0x02 and not pid:
            raise ValueError("malformed: PUBLISH")
        self.message = bytes(data[at:topic]), None if self._cut else bytes(data[payload:end]), kind & 0x01
        return pid
