"""btree: a sorted store of bytes by bytes in a stream. Its file is this module's own, not Berkeley DB's."""

import struct as _struct

INCL = 1
DESC = 2

_MAGIC = b"btree\x01"


class _BTree:
    """All pairs are in memory, sorted; flush() writes them. Keys and values are bytes or str."""

    def __init__(self, stream):
        self._stream = stream
        self._pairs = []
        stream.seek(0)
        if stream.read(len(_MAGIC)) == _MAGIC:
            head = stream.read(4)
            while head:
                key, value = _struct.unpack("!HH", head)
                self._pairs.append((stream.read(key), stream.read(value)))
                head = stream.read(4)

    def _find(self, key):
        """(index of the first key not below, whether it is that key)."""
        low, high = 0, len(self._pairs)
        while low < high:
            middle = (low + high) // 2
            if self._pairs[middle][0] < key:
                low = middle + 1
            else:
                high = middle
        return low, low < len(self._pairs) and self._pairs[low][0] == key

    def put(self, key, val, flags=0):
        """Store a pair."""
        key, val = _bytes(key), _bytes(val)
        at, found = self._find(key)
        self._pairs[at : at + found] = [(key, val)]

    __setitem__ = put

    def get(self, key, default=None):
        """The value of a key."""
        at, found = self._find(_bytes(key))
        return self._pairs[at][1] if found else default

    def seq(self, flags, key=None):
        """The pair of a key, or the first one."""
        at, found = (0, bool(self._pairs)) if key is None else self._find(_bytes(key))
        return self._pairs[at] if found else None

    def __getitem__(self, key):
        value = self.get(key)
        if value is None:
            raise KeyError
        return value

    def __delitem__(self, key):
        at, found = self._find(_bytes(key))
        if not found:
            raise KeyError
        self._pairs.pop(at)

    def __contains__(self, key):
        return self._find(_bytes(key))[1]

    def items(self, start_key=None, end_key=None, flags=0):
        """Pairs from start_key up to end_key, with it for INCL, downwards for DESC."""
        pairs = reversed(self._pairs) if flags & DESC else self._pairs
        low, high = (end_key, start_key) if flags & DESC else (start_key, end_key)
        with_low, with_high = (flags & INCL, True) if flags & DESC else (True, flags & INCL)
        low, high = low and _bytes(low), high and _bytes(high)
        for key, value in list(pairs):
            above = low is None or key > low or (with_low and key == low)
            below = high is None or key < high or (with_high and key == high)
            if above and below:
                yield key, value

    def keys(self, *args):
        """As items(), the keys."""
        return (key for key, _ in self.items(*args))

    def values(self, *args):
        """As items(), the values."""
        return (value for _, value in self.items(*args))

    __iter__ = keys

    def flush(self):
        """Write the store to its stream."""
        stream = self._stream
        stream.seek(0)
        stream.write(_MAGIC)
        for key, value in self._pairs:
            stream.write(_struct.pack("!HH", len(key), len(value)) + key + value)
        stream.flush()

    def close(self):
        """Write it and forget it; the stream stays open."""
        self.flush()


def _bytes(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def open(stream, *, flags=0, cachesize=0, pagesize=0, minkeypage=0):
    """The store in a stream opened for reading and writing."""
    return _BTree(stream)
