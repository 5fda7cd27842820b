"""_espnow: packets to other ESP boards without an access point. No other board is in the air here."""

import errno as _errno

ADDR_LEN = 6
KEY_LEN = 16
MAX_DATA_LEN = 250
MAX_TOTAL_PEER_NUM = 20
MAX_ENCRYPT_PEER_NUM = 6

_BROADCAST = b"\xff" * 6


class ESPNowBase:
    """The radio's side. Raises OSError while it is not active, and for unknown peers."""

    def __init__(self):
        self._active = False
        self._peers = []
        self._timeout_ms = 300000

    def active(self, on=None):
        """Whether it is on, or switch it."""
        if on is not None:
            self._active = bool(on)
            self._peers.clear()
        return self._active

    def config(self, *args, **kwargs):
        """timeout_ms, or set rxbuf and timeout_ms."""
        self._timeout_ms = kwargs.pop("timeout_ms", self._timeout_ms)
        kwargs.pop("rxbuf", None)
        if kwargs or args not in ((), ("timeout_ms",)):
            raise ValueError("unknown config param")
        return self._timeout_ms if args else None

    def _check(self):
        if not self._active:
            raise OSError(_errno.EINVAL, "ESP_ERR_ESPNOW_NOT_INIT")

    def set_pmk(self, pmk):
        """The key that keys are made of, 16 bytes."""
        self._check()
        if len(pmk) != KEY_LEN:
            raise ValueError("invalid length")

    def add_peer(self, mac, *args):
        """Add a peer by its six bytes."""
        self._check()
        if len(mac) != ADDR_LEN:
            raise ValueError("invalid length")
        if bytes(mac) in self._peers:
            raise OSError(_errno.EEXIST, "ESP_ERR_ESPNOW_EXIST")
        if len(self._peers) >= MAX_TOTAL_PEER_NUM:
            raise OSError(_errno.ENOMEM, "ESP_ERR_ESPNOW_FULL")
        self._peers.append(bytes(mac))

    def del_peer(self, mac):
        """Forget a peer."""
        self._check()
        if bytes(mac) not in self._peers:
            raise OSError(_errno.ENOENT, "ESP_ERR_ESPNOW_NOT_FOUND")
        self._peers.remove(bytes(mac))

    def send(self, mac, msg=None, sync=True):
        """Send to a peer, or to all (one argument). Whether it was received: only a broadcast ever is."""
        self._check()
        if msg is None:
            return not self._peers
        if len(msg) > MAX_DATA_LEN:
            raise ValueError("invalid length")
        if bytes(mac) not in self._peers:
            raise OSError(_errno.ENOENT, "ESP_ERR_ESPNOW_NOT_FOUND")
        return bytes(mac) == _BROADCAST or not sync

    def recvinto(self, buffers, timeout_ms=None):
        """Wait for a packet; its length. None comes."""
        import time

        self._check()
        timeout_ms = self._timeout_ms if timeout_ms is None else timeout_ms
        time.sleep_ms(timeout_ms if timeout_ms >= 0 else 0x3FFFFFFF)
        return 0
