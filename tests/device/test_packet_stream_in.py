"""node.packet_stream, receiving: packets whole, in pieces of any size, broken, hostile."""

import random

from node.packet_stream import PacketStream

CONNACK = b"\x20\x02\x00\x00"
PUBACK = b"\x40\x02\x12\x34"
SUBACK = b"\x90\x03\x00\x07\x01"
PINGRESP = b"\xd0\x00"


class Stream:
    """A non-blocking socket that gives `data` in pieces of at most `size` bytes, then nothing, or at the end b''."""

    def __init__(self, data, size=1000, closed=False):
        self.data = data
        self.size = size
        self.closed = closed

    def readinto(self, buf):
        if not self.data:
            return 0 if self.closed else None
        count = min(len(buf), self.size, len(self.data))
        buf[:count] = self.data[:count]
        self.data = self.data[count:]
        return count


def publish(topic, payload, pid=0, flags=0):
    body = bytes((0, len(topic))) + topic + (bytes((pid >> 8, pid & 255)) if pid else b"") + payload
    size = bytes((len(body),)) if len(body) < 128 else bytes((len(body) & 127 | 128, len(body) >> 7))
    return bytes((0x30 | flags | (2 if pid else 0),)) + size + body


def opened(stream):
    wire = PacketStream()
    wire.open(stream)
    return wire


def packets(wire):
    """All packets of a Stream (or of a wire's), as the session would see them: (answer, code) or (message, answer)."""
    if isinstance(wire, Stream):
        wire = opened(wire)
    seen = []
    more = True
    while more:
        more = wire.sock.data or wire.sock.closed
        answer = wire.next(True)
        while answer:
            seen.append((wire.message, answer & 0xFFFF) if answer >> 20 == 3 else (answer, wire.code))
            answer = wire.next(False)
    return seen


def refused(data):
    try:
        packets(Stream(data))
    except ValueError:
        return True
    return False


def test_all_kinds_in_pieces_of_any_size():
    data = CONNACK + PUBACK + publish(b"a/b", b"on") + SUBACK + publish(b"a/b", b"", 513, 1) + PINGRESP
    expected = [
        (0x200000, 0),
        (0x401234, 0x34),
        ((b"a/b", b"on", 0), 0),
        (0x900007, 1),
        ((b"a/b", b"", 1), 513),
        (0xD00000, 0),
    ]
    for size in range(1, len(data) + 1):
        assert packets(Stream(data, size)) == expected, size


def test_packets_that_cross_the_end_of_the_buffer():
    message = publish(b"topic", b"x" * 60)
    expected = [((b"topic", b"x" * 60, 0), 0)] * 40
    for size in (1, 7, 100, 191, 192, 193, 1000):
        assert packets(Stream(message * 40, size)) == expected, size


def test_the_longest_that_fits_and_the_first_that_does_not():
    fits = publish(b"t", b"x" * 186)
    assert len(fits) == 192
    assert packets(Stream(fits + PINGRESP)) == [((b"t", b"x" * 186, 0), 0), (0xD00000, 0)]
    assert packets(Stream(publish(b"t", b"x" * 187) + PINGRESP)) == [((b"t", None, 0), 0), (0xD00000, 0)]


def test_too_long_ones_have_no_payload_and_can_be_acknowledged():
    for size in (1, 3, 100, 256, 4000):
        stream = Stream(PUBACK + publish(b"t", b"x" * 3000, 77) + PUBACK, size)
        assert packets(stream) == [(0x401234, 0x34), ((b"t", None, 0), 77), (0x401234, 0x34)], size


def test_a_topic_longer_than_the_buffer_is_skipped():
    body = bytes((1, 44)) + b"t" * 300 + b"\0\1"
    data = bytes((0x32, len(body) & 127 | 128, len(body) >> 7)) + body
    assert packets(Stream(data + PINGRESP)) == [(None, 0), (0xD00000, 0)]


def test_what_no_broker_may_send_is_refused():
    assert refused(b"\x40\xff\xff\xff\xff\x01")  # a length of five bytes
    assert refused(b"\x40\x03\x00\x01\x00")
    assert refused(b"\x41\x02\x00\x01")
    assert refused(b"\xd0\x01\x00")
    assert refused(b"\x20\x00")
    for kind in (0x00, 0x10, 0x50, 0x60, 0x70, 0x80, 0x82, 0xA0, 0xB0, 0xC0, 0xE0, 0xF0, 0x42, 0xD2, 0x91):
        assert refused(bytes((kind, 2, 0, 1))), kind


def test_broken_messages_are_refused():
    assert refused(b"\x30\x00")
    assert refused(b"\x30\x01\x00")
    assert refused(b"\x30\x02\x00\x00")  # no topic
    assert refused(b"\x30\x04\x00\x03ab")  # a topic longer than the packet
    assert refused(b"\x32\x05\x00\x03abc")  # no identifier
    assert refused(b"\x32\x06\x00\x03abc\x01")  # half an identifier
    assert refused(b"\x32\x07\x00\x03abc\x00\x00")  # identifier 0
    assert refused(publish(b"a", b"b", 1, 4))  # QoS 3
    assert refused(b"\x34\x06\x00\x01a\x00\x01b")  # QoS 2, to which the node never subscribes


def test_the_end_of_the_stream_is_an_oserror():
    stream = Stream(PUBACK + b"\x40", closed=True)
    try:
        packets(stream)
        assert False
    except OSError:
        pass


def test_a_new_connection_forgets_the_old_one():
    for rest in (b"\x40\x02", publish(b"t", b"x" * 300)[:280]):
        wire = opened(Stream(rest))
        packets(wire)
        wire.open(Stream(PINGRESP))
        assert packets(wire) == [(0xD00000, 0)]


def test_mutated_streams_are_refused_or_understood_and_never_more():
    random.seed(1)
    good = [CONNACK, PUBACK, SUBACK, PINGRESP]
    good += [publish(b"a/b", b"on"), publish(b"a/b", b"on", 9), publish(b"a", b"x" * 400)]
    counts = [0, 0]
    for _ in range(10000):
        data = bytearray(b"".join([random.choice(good) for _ in range(random.randrange(1, 4))]))
        for _ in range(random.randrange(1, 4)):
            data[random.randrange(len(data))] = random.getrandbits(8)
        if random.getrandbits(2) == 0:
            data = data[: random.randrange(1, len(data))]
        try:
            packets(Stream(data, random.randrange(1, 500)))
            counts[0] += 1
        except ValueError:
            counts[1] += 1
    assert min(counts) > 1000, counts


def test_taking_an_answer_allocates_nothing():
    import micropython

    class Again:
        def readinto(self, buf):
            buf[0] = 0x40
            buf[1] = 2
            return 4

    wire = opened(Again())
    micropython.heap_lock()
    try:
        answer = wire.next(True)
        none = wire.next(False)
    finally:
        micropython.heap_unlock()
    assert (answer, none) == (0x400000, 0)
