"""Readings that the broker has not acknowledged yet: fixed-size records in one bytearray, oldest first.

When it is full the oldest is dropped and counted. A copy is in RTC memory, which a watchdog or crash reset leaves alone
and a power cut does not: 52 readings fit there beside the 12 bytes of resets.py. A copy made of garbage, or by a node
with other topics, is refused.
"""

import hashlib
import struct

from micropython import const

from node import stamp, uptime

_RECORD = const("<Bfi")  # channel, value, stamp()
_SIZE = const(9)
_HEAD = const("<BHi")  # copy: records in it, records there were, uptime() when it was made
_HEAD_SIZE = const(7)
_DIGEST = const(4)
_AT = const(12)  # the bytes before are those of resets.py
_FIT = const(52)  # (492 - 12 - 4 - 7) // 9: the ESP8266 has 492 bytes of RTC memory


class Outbox:
    """A bounded queue of readings.

    `channels` is the list of (topic, late topic, format, retained) whose indices the records carry, `rtc` machine.RTC()
    or None. `live` says whether there is a connection. `count` readings wait, `late` of the oldest were taken before it
    was there; `dropped` were lost.
    """

    def __init__(self, size, channels, rtc=None):
        self.channels = channels
        self.live = False
        self.count = 0
        self.late = 0
        self.dropped = 0
        self._size = size
        self.rtc = rtc
        self._records = bytearray(size * _SIZE)
        self._first = 0
        self.leaving = False  # the oldest is under way, and must not be dropped

    def put(self, channel, value):
        """Keep a reading of now."""
        self.append(channel, value, stamp())
        self.save()

    def take(self):
        """Return (channel, value, stamp) of the oldest; done() then removes it."""
        self.leaving = True
        return struct.unpack_from(_RECORD, self._records, self._first * _SIZE)

    def done(self):
        """Forget the reading that was taken: the broker has it."""
        self.leaving = False
        self._forget()
        self.save()

    def save(self, ahead_s=0):
        """Write the copy, with as many of the newest as fit, for a start that is `ahead_s` seconds away."""
        if not self.rtc:
            return
        count = min(self.count, _FIT)
        at = _AT + _DIGEST + _HEAD_SIZE
        copy = bytearray(at + count * _SIZE)
        kept = self.rtc.memory()[:_AT]
        copy[: len(kept)] = kept
        struct.pack_into(_HEAD, copy, _AT + _DIGEST, count, self.count, uptime() + ahead_s)
        for i in range(self.count - count, self.count):
            start = (self._first + i) % self._size * _SIZE
            copy[at : at + _SIZE] = self._records[start : start + _SIZE]
            at += _SIZE
        copy[_AT : _AT + _DIGEST] = self.digest(copy)
        self.rtc.memory(copy)

    def digest(self, copy):
        check = hashlib.sha256(memoryview(copy)[_AT + _DIGEST :])
        for channel in self.channels:
            check.update(channel[0])
        return check.digest()[:_DIGEST]

    def append(self, channel, value, moment):
        first = self._first * _SIZE
        if self.count == self._size:
            if self.leaving:  # then the one after it goes
                oldest = self._records[first : first + _SIZE]
                first = (self._first + 1) % self._size * _SIZE
                self._records[first : first + _SIZE] = oldest
            self._forget()
            self.dropped += 1
        at = (self._first + self.count) % self._size * _SIZE
        struct.pack_into(_RECORD, self._records, at, channel, value, moment)
        self.count += 1

    def _forget(self):
        self._first = (self._first + 1) % self._size
        self.count -= 1
        if self.late:
            self.late -= 1
