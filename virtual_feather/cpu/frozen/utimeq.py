"""utimeq: a queue of (time, callback, arguments), by time; of images up to v1.19."""

from time import ticks_diff


class utimeq:
    """A queue of bounded length. Raises IndexError when it is full or empty."""

    def __init__(self, size):
        self._size = size
        self._entries = []

    def push(self, time, callback, args):
        """Add an entry."""
        entries = self._entries
        if len(entries) == self._size:
            raise IndexError("queue overflow")
        at = len(entries)
        while at and ticks_diff(entries[at - 1][0], time) > 0:
            at -= 1
        entries.insert(at, (time, callback, args))

    def pop(self, into):
        """Move the earliest entry into the first three items of a list."""
        if not self._entries:
            raise IndexError("empty heap")
        into[0], into[1], into[2] = self._entries.pop(0)

    def peektime(self):
        """The earliest time."""
        if not self._entries:
            raise IndexError("empty heap")
        return self._entries[0][0]

    def __len__(self):
        return len(self._entries)

    def __bool__(self):
        return bool(self._entries)
