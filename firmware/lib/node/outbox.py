"""Readings that the broker has not acknowledged yet, oldest first, with a copy in RTC memory. The owner of that memory.

It has 492 bytes, which survive every reset, but not a loss of power:

0 to 11     how the last run ended: see last_run.py
12 to 15    the beginning of the SHA-256 of what follows and of the topics, by which load() knows a valid copy
16 to 23    readings in the copy, readings there were (those dropped included), uptime() when it was made
24 to 491   the newest 52 readings, nine bytes each

Before a restart of the node's own, outbox_file.py writes a file if that is too little.
"""

import hashlib
import struct

import machine
from micropython import const

from node import KNOWN, stamp, uptime

FIT = const(52)
_LAST_RUN = const(12)
_DIGEST = const(16)
_HEAD = const("<HHi")
_READINGS = const(24)
_LOST = const(65535)  # so many dropped readings are counted

_RECORD = const("<Bfi")  # channel, value, stamp()
_SIZE = const(9)


class Outbox:
    """A bounded queue of fixed-size records in one bytearray. When it is full the oldest is dropped and counted.

    `channels` is the list of (topic, late topic, format, retained) whose indices the records carry; `rtc` is
    machine.RTC(), or None for no copy. `count` readings wait, the `late` oldest of them from before the connection;
    `dropped` were lost. newest_s: uptime() of the latest reading.
    """

    def __init__(self, size, channels, rtc=None):
        self.channels = channels
        self.count = 0
        self.late = 0
        self.dropped = 0
        self.newest_s = 0
        self.size = size
        self.rtc = rtc
        self.data = bytearray(size * _SIZE)
        self.start = 0
        self._sending = False  # the oldest is on its way, and must not be dropped
        self.load()

    def connected(self):
        """A connection begins: all that waits is late."""
        self.late = self.count

    def close(self):
        """The connection has ended: nothing is on its way any more."""
        self._sending = False

    def put(self, channel, value):
        """Append a reading taken now."""
        self.newest_s = uptime()
        self.append(channel, value, stamp())
        self.save()

    def oldest(self):
        """Return (channel, value, stamp) of the oldest, to be sent; it stays until forget_oldest()."""
        self._sending = True
        return struct.unpack_from(_RECORD, self.data, self.start * _SIZE)

    def forget_oldest(self):
        """Remove the oldest: the broker has acknowledged it."""
        self._sending = False
        self.pop()
        self.save()

    def save(self, ahead_s=0):
        """Copy as many of the newest as fit to RTC memory, for a start that is `ahead_s` seconds away."""
        if not self.rtc:
            return
        count = min(self.count, FIT)
        at = _READINGS
        copy = bytearray(at + count * _SIZE)
        last_run = self.rtc.memory()[:_LAST_RUN]
        copy[: len(last_run)] = last_run
        struct.pack_into(_HEAD, copy, _DIGEST, count, min(self.count + self.dropped, _LOST), uptime() + ahead_s)
        for i in range(self.count - count, self.count):
            start = (self.start + i) % self.size * _SIZE
            copy[at : at + _SIZE] = self.data[start : start + _SIZE]
            at += _SIZE
        copy[_LAST_RUN:_DIGEST] = self.digest(memoryview(copy)[_DIGEST:])
        self.rtc.memory(copy)

    def load(self):
        """Load the readings of an earlier run, unless they are garbage or for other topics."""
        from node import outbox_file

        if outbox_file.read(self):
            return
        copy = self.rtc.memory() if self.rtc else b""
        if len(copy) >= _READINGS and copy[_LAST_RUN:_DIGEST] == self.digest(memoryview(copy)[_DIGEST:]):
            count, held, made = struct.unpack_from(_HEAD, copy, _DIGEST)
            self.restore(memoryview(copy)[_READINGS:], made)
            self.dropped += held - count

    def restore(self, data, made):
        """Append the readings in `data`, which were copied at uptime() `made`."""
        for at in range(0, len(data), _SIZE):
            channel, value, moment = struct.unpack_from(_RECORD, data, at)
            if moment < KNOWN:
                moment -= made  # seconds before this start, give or take those between the last save() and the reset
            self.append(channel, value, moment)

    def digest(self, data):
        """Return the first bytes of the SHA-256 of the layout, `data` and the topics."""
        check = hashlib.sha256(_HEAD)
        check.update(data)
        for channel in self.channels:
            check.update(channel[0])
        return check.digest()[: _DIGEST - _LAST_RUN]

    def append(self, channel, value, moment):
        first = self.start * _SIZE
        if self.count == self.size:
            if self._sending:  # then drop the second oldest
                oldest = self.data[first : first + _SIZE]
                first = (self.start + 1) % self.size * _SIZE
                self.data[first : first + _SIZE] = oldest
            self.pop()
            self.dropped += 1
        at = (self.start + self.count) % self.size * _SIZE
        struct.pack_into(_RECORD, self.data, at, channel, value, moment)
        self.count += 1

    def pop(self):
        self.start = (self.start + 1) % self.size
        self.count -= 1
        if self.late:
            self.late -= 1


def last_run(head=None):
    """Return the bytes of last_run.py, fewer than 12 after a loss of power. Given `head`, first write it over them."""
    rtc = machine.RTC()
    if head:
        rtc.memory(head + rtc.memory()[_LAST_RUN:])
    return rtc.memory()[:_LAST_RUN]
