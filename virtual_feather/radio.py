"""The Wi-Fi radio as the SDK runs it: it joins and rejoins by itself, with what it keeps in flash."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from .flash import Flash
from .reactor import Alarm, Reactor

IDLE, CONNECTING, WRONG_PASSWORD, NO_AP_FOUND, CONNECT_FAIL, GOT_IP = range(6)
OFF = 255  # what the SDK answers instead while it is no station
STATION, ACCESS_POINT = 1, 2
_JOIN_S = 0.6  # association and DHCP with a near access point
_SEARCH_S = 2.4  # a scan of all channels that finds nothing
_PAUSE_S = 1.0  # between two attempts
_CONFIG_SECTORS = 4  # the SDK's parameters lie in the last four sectors
_RSSI, _NO_RSSI = -61, 31
_CHANNEL = 6  # of the access point in the air
_CHANNELS = range(1, 15)
_MODEM_SLEEP, _PHY_11N = 2, 3  # what the SDK starts with
_OPEN, _SHORTEST_KEY = 0, 8
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
        self._saved = _Saved()
        self._restore()

    def _restore(self) -> None:
        """What the SDK does not keep in flash is as it comes."""
        # hostname: the SDK's. name: MicroPython's, from 1.20 on. address0, address1: without DHCP, by interface.
        self._texts = {
            "hostname": f"ESP-{self._mac[-3:].hex().upper()}",
            "name": "mpy-esp8266",
            "country": "XX",
            "address0": "",
            "address1": "",
            "dns": "",
        }
        self._macs = [self._mac, bytes([self._mac[0] | 2]) + self._mac[1:]]
        self._settings = {"sleep": _MODEM_SLEEP, "phy": _PHY_11N}

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {
            "wlan_active": self._active,
            "wlan_connect": self._connect,
            "wlan_disconnect": self._disconnect,
            "wlan_status": lambda: self.status if self._saved.mode & STATION else OFF,
            "wlan_rssi": lambda: _RSSI if self.linked else _NO_RSSI,
            "wlan_mac": lambda interface, _: (6, self._macs[interface]),
            "wlan_set_mac": self._set_mac,
            "wlan_ap": lambda name: self._saved.ap[name],
            "wlan_set": self._set_config,
            "wlan_channel": lambda: _CHANNEL if self.linked else self._saved.ap["channel"],
            "wlan_setting": self._setting,
            "wlan_text": self._text,
            "wlan_put": self._put,
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
        self._restore()
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

    def _connect(self, ssid: str | None, key: str | None) -> bool:
        """Whether the interface is on; without it the SDK does nothing of this."""
        if not self._saved.mode & STATION:
            return False
        if ssid is not None or key is not None:
            self._saved.ssid, self._saved.key = ssid or "", key or ""
            self._save()
        self._try()
        return True

    def _disconnect(self) -> bool:
        """Whether the interface is on."""
        self._cancel()
        self._set_status(IDLE)
        return bool(self._saved.mode & STATION)

    def _set_mac(self, interface: int, mac: bytes) -> None:
        self._macs[interface] = mac

    def _setting(self, name: str, value: int | None) -> int | None:
        """Read or change what lasts until the next reset of the chip: "sleep", "phy"."""
        if value is None:
            return self._settings[name]
        self._settings[name] = value
        return None

    def _set_config(self, interface: int, *pairs: int | str) -> bool:
        """Change parameters of the access point, given as name, value, or none; the interface's are written anyhow.

        Whether the SDK takes them: not while the interface is off, nor a key that is too short, nor a channel that is
        none.
        """
        config = self._saved.ap | dict(zip(pairs[::2], pairs[1::2], strict=True))
        if not self._saved.mode & (STATION if interface == 0 else ACCESS_POINT):
            return False
        protected = config["security"] != _OPEN and "key" in config
        if config["channel"] not in _CHANNELS or (protected and len(config["key"]) < _SHORTEST_KEY):
            return False
        self._saved.ap = config
        self._save()
        return True

    def _text(self, name: str, _into: bytes) -> tuple[int, bytes]:
        texts = self._texts | {
            "sta": self._saved.ssid,
            "ap": self._saved.ap["ssid"],
            "air": (self.air.ssid or _ANY_NAME) if self.air.on else "",
        }
        text = texts[name].encode()
        return len(text), text

    def _put(self, name: str, text: str) -> None:
        self._texts[name] = text

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
