"""espnow: packets to other ESP boards without an access point."""

from _espnow import *  # noqa: F403
from _espnow import ADDR_LEN, MAX_DATA_LEN, ESPNowBase


class ESPNow(ESPNowBase):
    """ESP-NOW; an iterator over what comes."""

    _none_tuple = (None, None)

    def __init__(self):
        super().__init__()
        self._data = [bytearray(ADDR_LEN), bytearray(MAX_DATA_LEN)]

    def irecv(self, timeout_ms=None):
        """(peer, message) in buffers that the next call uses again, or (None, None)."""
        return self._data if self.recvinto(self._data, timeout_ms) else self._none_tuple

    def recv(self, timeout_ms=None):
        """(peer, message), or (None, None)."""
        size = self.recvinto(self._data, timeout_ms)
        return (bytes(self._data[0]), bytes(self._data[1][:size])) if size else self._none_tuple

    def any(self):
        """Whether a packet waits."""
        return False

    def __iter__(self):
        return self

    def __next__(self):
        return self.irecv()
