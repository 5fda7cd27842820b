"""The ESP8266's Wi-Fi as Espressif's SDK runs it: it joins and rejoins by itself, with parameters kept in flash."""

from __future__ import annotations

import ctypes
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from .flash import Flash
from .processor.page import Page
from .reactor import Alarm, Reactor

IDLE, CONNECTING, WRONG_PASSWORD, NO_AP_FOUND, CONNECT_FAIL, GOT_IP = range(6)
OFF = 255  # the SDK's status while the station interface is off
STATION, ACCESS_POINT = 1, 2
_JOIN_S = 0.6  # association with a near access point
_SEARCH_S = 2.4  # a scan of all channels that finds nothing
_PAUSE_S = 1.0  # between two attempts
_CONFIG_SECTORS = 4  # the SDK's parameters lie in the last four sectors
_RSSI, _NO_RSSI = -61, 31
_CHANNEL = 6  # of the access point in the air
_CHANNELS = range(1, 15)
_BSSID, _WPA2 = bytes.fromhex("020000000001"), 3
_OPEN, _SHORTEST_KEY = 0, 8
_ANY_NAME = "virtual"  # a scan's name for an access point that answers to every name


@dataclass
class Air:
    """The access point in range: whether it is on, and its name and key (None: it takes any)."""

    on: bool = True
    ssid: str | None = None
    key: str | None = None

    def status_for(self, ssid: str, key: str) -> int:
        """The status with which an attempt to join ends."""
        if not self.on or not ssid or self.ssid not in (None, ssid):
            return NO_AP_FOUND
        return GOT_IP if self.key in (None, key) else WRONG_PASSWORD


@dataclass
class _Saved:
    """The SDK's parameters. The defaults, for an erased flash: an open access point, no station."""

    mode: int = ACCESS_POINT
    ssid: str = ""
    key: str = ""
    ap: dict = field(default_factory=lambda: {"ssid": "", "security": 0, "channel": 1, "hidden": 0})


class Radio:
    """Station and access point."""

    def __init__(self, reactor: Reactor, page: Page, flash: Flash, mac: bytes, changed: Callable[[], None]) -> None:
        """page: where the processor finds the radio's state. changed: called when `status` is set."""
        self._reactor = reactor
        self._page = page
        self._flash = flash
        self._mac = mac
        self._changed = changed
        self._attempt: Alarm | None = None
        self.air = Air()
        self.status = IDLE
        self.flash_writes = 0
        self._saved = _Saved()

    @property
    def handlers(self) -> dict[str, Callable]:
        """The handlers of the processor's messages, by kind."""
        return {
            "M": self._set_mode,
            "C": self._set_station,
            "A": self._set_access_point,
            "J": self._connect,
            "L": self._disconnect,
            "N": self._scan,
        }

    @property
    def linked(self) -> bool:
        """Whether the station has joined the access point in range."""
        return self.status == GOT_IP

    @property
    def access_point_on(self) -> bool:
        """Whether the board's own access point is on."""
        return bool(self._saved.mode & ACCESS_POINT)

    def power_on(self) -> None:
        """Reset of the chip: read the parameters and join."""
        self._cancel()
        self._page.mac[0][:] = self._mac
        self._page.mac[1][:] = bytes([self._mac[0] | 2]) + self._mac[1:]
        self._saved = self._load()
        self._set_status(IDLE)
        if self._saved.mode & STATION and self._saved.ssid:
            self._try()

    def power_off(self) -> None:
        """End the link, and any attempt to join."""
        self._cancel()
        self._set_status(IDLE)

    def change_air(self, **changes: bool | str) -> None:
        """Change the access point in range, by the names in Air; a joined station notices at once."""
        for name, value in changes.items():
            setattr(self.air, name, value)
        if self.linked and self.air.status_for(self._saved.ssid, self._saved.key) != GOT_IP:
            self._set_status(CONNECTING)
            self._try()

    def _try(self) -> None:
        self._cancel()
        self._set_status(CONNECTING)
        self._search()

    def _search(self) -> None:
        found = self.air.status_for(self._saved.ssid, self._saved.key)
        self._attempt = self._reactor.call_in(_SEARCH_S if found == NO_AP_FOUND else _JOIN_S, self._finish)

    def _finish(self) -> None:
        status = self.air.status_for(self._saved.ssid, self._saved.key)
        self._set_status(status)
        if status != GOT_IP:  # the SDK never gives up
            self._attempt = self._reactor.call_in(_PAUSE_S, self._search)

    def _cancel(self) -> None:
        if self._attempt:
            self._attempt.cancel()
            self._attempt = None

    def _set_status(self, status: int) -> None:
        self.status = status
        self._publish()
        self._changed()

    def _publish(self) -> None:
        """Write the radio's state to the shared page."""
        page, saved = self._page, self._saved
        page.opmode = saved.mode
        page.status = self.status if saved.mode & STATION else OFF
        page.rssi = _RSSI if self.linked else _NO_RSSI
        page.air_channel = _CHANNEL
        _fill(page.station.ssid, saved.ssid)
        _fill(page.station.key, saved.key)
        ap = saved.ap
        _fill(page.access_point.ssid, ap["ssid"])
        _fill(page.access_point.key, ap.get("key", ""))
        page.access_point.ssid_length = len(ap["ssid"].encode("latin-1"))
        page.access_point.authmode, page.access_point.channel = ap["security"], ap["channel"]
        page.access_point.hidden = ap["hidden"]

    # The SDK calls of MicroPython's network module.

    def _set_mode(self, data: bytes) -> int:
        before, self._saved.mode = self._saved.mode, data[0]
        if before != self._saved.mode:
            self._save()
        if not self._saved.mode & STATION:
            self._leave()
        elif self._saved.ssid and self.status == IDLE:
            self._try()
        else:
            self._publish()
        return True

    def _set_station(self, data: bytes) -> int:
        """Save name and key; whether that was done: not while the interface is off."""
        if not self._saved.mode & STATION:
            return False
        self._saved.ssid, self._saved.key = _text(data[:32]), _text(data[32:96])
        self._save()
        return True

    def _connect(self, _: bytes) -> int:
        if not self._saved.mode & STATION:
            return False
        self._try()
        return True

    def _disconnect(self, _: bytes) -> int:
        self._leave()
        return bool(self._saved.mode & STATION)

    def _leave(self) -> None:
        self._cancel()
        self._set_status(IDLE)

    def _set_access_point(self, data: bytes) -> int:
        """Save the parameters; whether that was done: not while the interface is off, nor with a key that is too short
        or a channel that does not exist."""
        length, channel, security, hidden = data[96:100]
        key = _text(data[32:96])
        protected = security != _OPEN and len(key) < _SHORTEST_KEY
        if not self._saved.mode & ACCESS_POINT or channel not in _CHANNELS or protected:
            return False
        ssid = data[:length].decode("latin-1")
        self._saved.ap = {"ssid": ssid, "key": key, "security": security, "channel": channel, "hidden": hidden}
        self._save()
        return True

    def _scan(self, _: bytes) -> bytes:
        """The rows of a scan: the access point in range."""
        name = ((self.air.ssid or _ANY_NAME) if self.air.on else "").encode()
        return struct.pack("<32sB6sBbB", name, len(name), _BSSID, _CHANNEL, _RSSI, _WPA2) if name else b""

    # The parameters in flash.

    def _sector(self) -> int:
        return self._flash.size // 4096 - _CONFIG_SECTORS

    def _load(self) -> _Saved:
        data = self._flash.read(self._sector() * 4096, 4096)
        size = int.from_bytes(data[:2], "little")
        if size > 4094:
            return _Saved()
        try:
            return _Saved(*json.loads(data[2 : 2 + size]))
        except (ValueError, TypeError):
            return _Saved()  # a power cut in the middle of a write

    def _save(self) -> None:
        saved = self._saved
        data = json.dumps((saved.mode, saved.ssid, saved.key, saved.ap)).encode()
        self._flash.erase_sector(self._sector())
        self._flash.program(self._sector() * 4096, len(data).to_bytes(2, "little") + data)
        self.flash_writes += 1
        self._publish()


def _text(data: bytes) -> str:
    """The text up to the first zero byte."""
    return data.split(b"\0", 1)[0].decode("latin-1")


def _fill(field: ctypes.Array, text: str) -> None:
    field[:] = text.encode("latin-1")[: len(field)].ljust(len(field), b"\0")
