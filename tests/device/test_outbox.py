"""node.outbox: order, limits, readings that survive a reset."""

import os
import struct
import time

import node
from folder import Folder
from node import outbox_file
from node.jobs import late_readings
from node.outbox import Outbox

CHANNELS = [(b"sensors/n1/lux", b"late/n1/lux", "%.2f", False), (b"sensors/n1/t", b"late/n1/t", "%.1f", False)]


class Rtc:
    """machine.RTC().memory() of the ESP8266."""

    def __init__(self, data=b""):
        self.data = data

    def memory(self, data=None):
        if data is None:
            return self.data
        assert len(data) <= 492
        self.data = bytes(data)


class Calendar:
    """Replaces node's `time`: the clock is not set until `seconds` is given."""

    ticks_ms = staticmethod(time.ticks_ms)
    ticks_diff = staticmethod(time.ticks_diff)

    def __init__(self, seconds=1):
        self.seconds = seconds

    def time(self):
        return self.seconds


def drain(outbox):
    """(channel, value, late) of all readings, oldest first."""
    seen = []
    while outbox.count:
        late = outbox.late > 0
        channel, value, _ = outbox.oldest()
        seen.append((channel, value, late))
        outbox.forget_oldest()
    return seen


def restored(size, channels, rtc):
    """An outbox after a reset."""
    return Outbox(size, channels, rtc)


def test_first_in_first_out():
    outbox = Outbox(8, CHANNELS)
    for i in range(5):
        outbox.put(i % 2, i + 0.5)
    assert outbox.count == 5
    assert drain(outbox) == [(i % 2, i + 0.5, False) for i in range(5)]
    assert outbox.dropped == 0


def test_the_ring_goes_round():
    outbox = Outbox(3, CHANNELS)
    for i in range(100):
        outbox.put(0, i)
        outbox.put(1, i)
        assert drain(outbox) == [(0, i, False), (1, i, False)]


def test_when_full_the_oldest_is_dropped_and_counted():
    outbox = Outbox(8, CHANNELS)
    for i in range(20):
        outbox.put(0, i)
    assert outbox.dropped == 12
    assert [value for _, value, _ in drain(outbox)] == list(range(12, 20))


def test_the_one_that_is_being_sent_is_not_dropped():
    outbox = Outbox(4, CHANNELS)
    for i in range(4):
        outbox.put(0, i)
    assert outbox.oldest()[1] == 0
    for i in range(4, 9):
        outbox.put(0, i)
    outbox.forget_oldest()
    assert outbox.dropped == 5
    assert [value for _, value, _ in drain(outbox)] == [6, 7, 8]


def test_one_that_did_not_arrive_stays():
    outbox = Outbox(4, CHANNELS)
    outbox.put(0, 7)
    outbox.oldest()
    outbox.close()
    assert drain(outbox) == [(0, 7, False)]


def test_late_ones_are_the_oldest():
    outbox = Outbox(4, CHANNELS)
    outbox.put(0, 1)
    outbox.put(0, 2)
    outbox.connected()
    outbox.put(0, 3)
    assert [late for _, _, late in drain(outbox)] == [True, True, False]


def test_a_reset_keeps_what_was_not_acknowledged():
    rtc = Rtc(b"hn0123456789")
    outbox = Outbox(8, CHANNELS, rtc)
    for i in range(6):
        outbox.put(i % 2, i)
    outbox.oldest()
    outbox.forget_oldest()
    assert rtc.data[:12] == b"hn0123456789"
    again = restored(8, CHANNELS, rtc)
    assert drain(again) == [(i % 2, i, False) for i in range(1, 6)]  # connect.py marks them as late
    assert restored(8, CHANNELS, rtc).count == 0


def test_fifty_two_survive_and_the_others_are_counted():
    rtc = Rtc(bytes(12))
    outbox = Outbox(64, CHANNELS, rtc)
    for i in range(64):
        outbox.put(0, i)
    assert len(rtc.data) <= 492
    again = restored(64, CHANNELS, rtc)
    assert again.dropped == 12
    assert [value for _, value, _ in drain(again)] == list(range(12, 64))


def filled(rtc):
    outbox = Outbox(150, CHANNELS, rtc)
    for i in range(157):
        outbox.put(0, i)
    return outbox


def test_a_restart_of_the_node_keeps_all():
    rtc = Rtc()
    with Folder():
        outbox_file.write(filled(rtc))
        again = restored(200, CHANNELS, rtc)
        assert again.dropped == 7 and [value for _, value, _ in drain(again)] == list(range(7, 157))
        outbox_file.write(filled(rtc))
        assert restored(200, CHANNELS[::-1], rtc).count == 0  # other topics
        assert not os.listdir()


def test_a_full_file_system_keeps_the_newest():
    class Full:
        """A file that takes the head of the copy only."""

        def __init__(self, name, mode):
            self.file = open(name, mode)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            if len(data) == 9:
                raise OSError(28)
            self.file.write(data)

    rtc = Rtc()
    with Folder():
        outbox = filled(rtc)
        outbox_file.open = Full
        outbox_file.write(outbox)
        del outbox_file.open
        assert not os.listdir()
        with open("outbox", "wb") as f:  # as if the power had failed before it was removed
            f.write(outbox.digest(b"") + struct.pack("<HHi", 150, 157, 0) + outbox.data[:90])
        again = restored(200, CHANNELS, rtc)
        assert again.dropped == 157 - 52 and [value for _, value, _ in drain(again)] == list(range(105, 157))
        assert not os.listdir()


def test_a_smaller_outbox_after_the_reset_keeps_the_newest():
    rtc = Rtc()
    outbox = Outbox(20, CHANNELS, rtc)
    for i in range(20):
        outbox.put(0, i)
    again = restored(8, CHANNELS, rtc)
    assert again.dropped == 12
    assert [value for _, value, _ in drain(again)] == list(range(12, 20))


def test_garbage_is_refused():
    rtc = Rtc()
    outbox = Outbox(8, CHANNELS, rtc)
    for i in range(3):
        outbox.put(0, i)
    good = rtc.data
    for i in range(12, len(good)):
        bad = bytearray(good)
        bad[i] ^= 1
        assert restored(8, CHANNELS, Rtc(bytes(bad))).count == 0, i
    for size in range(len(good)):
        assert restored(8, CHANNELS, Rtc(good[:size])).count == 0, size
    for garbage in (b"", bytes(492), b"\xff" * 492):
        assert restored(8, CHANNELS, Rtc(garbage)).count == 0
    assert restored(8, CHANNELS, Rtc(good)).count == 3


def test_readings_of_other_topics_are_refused():
    rtc = Rtc()
    Outbox(8, CHANNELS, rtc).put(0, 1)
    assert restored(8, CHANNELS[::-1], rtc).count == 0
    assert restored(8, CHANNELS, rtc).count == 1


def test_time_and_age_go_on_through_a_reset():
    real = node.time
    node.time = Calendar()
    try:
        rtc = Rtc()
        outbox = Outbox(8, CHANNELS, rtc)
        node.s = 1000
        outbox.put(0, 1)
        node.s = 1300
        outbox.save()
        node.s = 40  # the node has started again
        again = restored(8, CHANNELS, rtc)
        moment = again.oldest()[2]
        assert late_readings.when(moment) == '"age_s":340'
        node.time.seconds = 800000000
        assert late_readings.when(moment) == '"ts":%d' % (800000000 + 946684800 - 340)
        again.put(0, 2)
        again.forget_oldest()
        node.time.seconds = 5  # after a reset the date may be unknown again: earlier time stamps stay
        third = restored(8, CHANNELS, rtc)
        assert late_readings.when(third.oldest()[2]) == '"ts":%d' % (800000000 + 946684800)
    finally:
        node.time = real


def test_put_and_done_retain_nothing():
    import gc

    outbox = Outbox(16, CHANNELS, Rtc(bytes(12)))

    def rounds(count):
        for i in range(count):
            outbox.put(0, i * 0.5)
            outbox.oldest()
            outbox.forget_oldest()

    rounds(20)
    gc.collect()
    before = gc.mem_alloc()
    rounds(500)
    gc.collect()
    assert gc.mem_alloc() <= before
