"""The Wi-Fi radio as the SDK runs it: it joins and rejoins by itself, with what it keeps in flash."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from .flash import Flash
from .reactor import Alarm, Reactor

IDLE, CONNECTING, WRONG_PASSWORD, NO_AP_FOUND, CONNECT_FAIL, GOT_IP = range(6)
STATION, ACCESS_POINT = 1, 2
_JOIN_S = 0.6  # association and DHCP with a near access point
_SEARCH_S = 2.4  # a scan of all channels that finds nothing
_PAUSE_S = 1.0  # between two attempts
_CONFIG_SECTORS = 4  # the SDK's parameters lie in the last four sectors
_RSSI = -61
_ANY_NAME = "virtual"  # of an access point that answers to every name


@dataclass
class Air:
    """What there is to receive: whether the access point is on, and, when given, its only name and key."""

    on: bool = True
    ssid: str | None = None
    key: str | None = None

    def status_for(self, ssid: str, key: str) -> int:
        """What an attempt to join ends with."""
        if not self.on or not ssid or self.ssid not in (None, ssid):
            return NO_AP_FOUND
        return GOT_IP if self.key in (None, key) else WRONG_PASSWORD


@dataclass
class _Saved:
    """The SDK's parameters. A fresh flash means: an access point that anybody can enter, no station."""

    mode: int = ACCESS_POINT
    ssid: str = ""
    key: str = ""
    ap: dict = field(default_factory=lambda: {"ssid": "", "security": 0, "channel": 1, "hidden": 0})


class Radio:
    """Station and access point."""

    def __init__(self, reactor: Reactor, flash: Flash, mac: bytes, linked: Callable[[bool], None]) -> None:
        """linked: told each time when the link comes or goes."""
        self._reactor = reactor
        self._flash = flash
        self._mac = mac
        self._linked = linked
        self._attempt: Alarm | None = None
        self.air = Air()
        self.status = IDLE
        self.flash_writes = 0
        self.hostname = f"ESP-{mac[-3:].hex().upper()}"
        self._saved = _Saved()

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {
            "wlan_active": self._active,
            "wlan_connect": self._connect,
            "wlan_disconnect": self._disconnect,
            "wlan_status": lambda: self.status,
            "wlan_rssi": lambda: _RSSI if self.linked else 31,
            "wlan_mac": lambda interface, _: (6, self._interface_mac(interface)),
            "wlan_ap": self._configure_ap,
            "wlan_text": self._text,
            "wlan_hostname": self._set_hostname,
        }

    @property
    def linked(self) -> bool:
        """Whether the station has an address."""
        return self.status == GOT_IP

    @property
    def access_point_on(self) -> bool:
        """Whether strangers can see an access point of ours."""
        return bool(self._saved.mode & ACCESS_POINT)

    def power_on(self) -> None:
        """Reset of the chip: read the parameters and join."""
        self._cancel()
        self._set_status(IDLE)
        self._saved = self._load()
        if self._saved.mode & STATION and self._saved.ssid:
            self._try()

    def power_off(self) -> None:
        """No power, no radio."""
        self._cancel()
        self._set_status(IDLE)

    def change_air(self, **changes: bool | str) -> None:
        """Change what there is to receive, by the names in Air; the radio notices at once."""
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
        was, self.status = self.linked, status
        if was != self.linked:
            self._linked(self.linked)

    # What MicroPython calls.

    def _active(self, interface: int, on: bool | None) -> bool | None:
        bit = STATION if interface == 0 else ACCESS_POINT
        if on is None:
            return bool(self._saved.mode & bit)
        self._saved.mode = self._saved.mode | bit if on else self._saved.mode & ~bit
        self._save()
        if bit == STATION and not on:
            self._disconnect()
        elif bit == STATION and self._saved.ssid and self.status == IDLE:
            self._try()
        return None

    def _connect(self, ssid: str | None, key: str | None) -> None:
        if ssid is not None:
            self._saved.ssid, self._saved.key = ssid, key or ""
            self._save()
        self._try()

    def _disconnect(self) -> None:
        self._cancel()
        self._set_status(IDLE)

    def _interface_mac(self, interface: int) -> bytes:
        return self._mac if interface == 0 else bytes([self._mac[0] | 2]) + self._mac[1:]

    def _configure_ap(self, name: str, value: int | str | None) -> int | None:
        if value is not None:
            self._saved.ap[name] = value
            self._save()
            return None
        return self._saved.ap[name] if isinstance(self._saved.ap[name], int) else 0

    def _text(self, name: str, _into: bytes) -> tuple[int, bytes]:
        texts = {
            "sta": self._saved.ssid,
            "ap": self._saved.ap["ssid"],
            "hostname": self.hostname,
            "air": (self.air.ssid or _ANY_NAME) if self.air.on else "",
        }
        text = texts[name].encode()
        return len(text), text

    def _set_hostname(self, name: str) -> None:
        self.hostname = name

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
