"""Reports who opens and closes a path (inotify(7)): a pty does not, when one client follows another at once."""

from __future__ import annotations

import ctypes
import os
import struct

_NONBLOCK, _CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
_CLOSE_WRITE, _CLOSE_NOWRITE, _OPEN = 0x08, 0x10, 0x20
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of a name: 0, as the file itself is watched


class PathWatcher:
    """Watches one path. `descriptor` is readable when there is an event."""

    def __init__(self, path: str) -> None:
        """Raises OSError when the system gives no more watchers: 128 a user by default."""
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(_NONBLOCK | _CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "no watcher")
        if libc.inotify_add_watch(self.descriptor, path.encode(), _OPEN | _CLOSE_WRITE | _CLOSE_NOWRITE) < 0:
            os.close(self.descriptor)
            raise OSError(ctypes.get_errno(), f"{path} cannot be watched")

    def close(self) -> None:
        """Stop watching."""
        os.close(self.descriptor)

    def news(self) -> list[bool]:
        """What has happened since the last call: True for each opening, False for each closing."""
        try:
            data = os.read(self.descriptor, 256 * _EVENT.size)
        except BlockingIOError:
            return []
        return [bool(mask & _OPEN) for _, mask, _, _ in _EVENT.iter_unpack(data)]
