"""node.packet_stream, sending: umqtt's bytes go out unchanged, in as few writes as the socket allows."""

from node.packet_stream import PacketStream


class Socket:
    """A non-blocking socket that takes `room` bytes at a time; None: any number."""

    def __init__(self, room=None):
        self.room = room
        self.writes = []

    def write(self, buf, offset, size):
        if self.room is not None:
            size = min(size, self.room)
        if size == 0:
            return None
        self.writes.append(bytes(buf[offset : offset + size]))
        return size

    def data(self):
        return b"".join(self.writes)


def opened(room=None):
    wire = PacketStream()
    sock = Socket(room)
    wire.open(sock)
    return wire, sock


def test_a_packet_is_one_write():
    wire, sock = opened()
    head = bytearray(b"\x32\x07??")
    wire.write(head, 2)
    head[:] = b"gone"
    wire.write(b"\0\3abc")
    wire.write(memoryview(b"12"))
    assert wire.flush()
    assert sock.writes == [b"\x32\x07\0\3abc12"]
    assert wire.flush()
    assert len(sock.writes) == 1


def test_a_full_socket_is_tried_again():
    wire, sock = opened(0)
    wire.write(b"abcdef")
    assert not wire.flush()
    sock.room = 4
    assert not wire.flush()
    wire.write(b"gh")
    assert wire.flush()
    assert sock.writes == [b"abcd", b"efgh"]


def test_a_long_payload_of_any_kind_goes_out_whole():
    whole = bytes([i & 255 for i in range(2000)])
    for payload in (whole, bytearray(whole), memoryview(whole)):
        wire, sock = opened()
        wire.write(b"head")
        wire.write(payload)
        wire.write(b"after")
        assert wire.flush()
        assert sock.writes == [b"head" + whole + b"after"]
        wire.write(b"short")
        assert wire.flush()
        assert sock.writes[1:] == [b"short"]


def test_a_long_payload_through_a_narrow_socket():
    whole = bytes([i & 255 for i in range(2000)])
    wire, sock = opened(7)
    wire.write(b"head")
    wire.write(whole)
    turns = 0
    while not wire.flush():
        turns += 1
    assert sock.data() == b"head" + whole
    assert turns > 200


def test_the_buffer_of_a_long_packet_is_given_back_when_it_is_out():
    wire, sock = opened(1000)
    wire.write(bytes(2000))
    assert not wire.flush() and len(wire._out) >= 2000
    sock.room = None
    assert wire.flush() and len(wire._out) <= 200
    wire.write(bytes(2000))
    wire.open(None)
    assert len(wire._out) <= 200


def test_a_new_connection_forgets_the_old_one():
    wire, sock = opened(3)
    wire.write(b"abcdef")
    wire.write(bytes(500))
    assert not wire.flush()
    sock = Socket()
    wire.open(sock)
    wire.write(b"new")
    assert wire.flush()
    assert sock.writes == [b"new"]


def test_a_lost_connection_is_an_oserror():
    class Broken:
        def write(self, buf, offset, size):
            raise OSError(104)

    wire = PacketStream()
    wire.open(Broken())
    wire.write(b"abc")
    try:
        wire.flush()
        assert False
    except OSError:
        pass


def test_a_read_ends_umqtts_call_and_leaves_nothing_in_the_heap():
    import gc

    wire, _ = opened()

    def reads(count):
        for _ in range(count):
            try:
                wire.read(1)
                assert False
            except EOFError:
                pass

    reads(10)
    gc.collect()
    before = gc.mem_alloc()
    reads(1000)
    gc.collect()
    assert gc.mem_alloc() <= before
