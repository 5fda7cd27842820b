"""network of the ESP8266 port: the station and the access point of the SDK."""

import sys as _sys

from _board import call as _call

STA_IF = 0
AP_IF = 1
STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_WRONG_PASSWORD = 2
STAT_NO_AP_FOUND = 3
STAT_CONNECT_FAIL = 4
STAT_GOT_IP = 5
MODE_11B = 1
MODE_11G = 2
MODE_11N = 3
AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4

_phy = [MODE_11N]


def hostname(name=None):
    """The name told to the DHCP server, or set it."""
    if name is None:
        return _text("hostname")
    if len(name) > 32:
        raise ValueError
    _call("wlan_hostname", name)


def country(code=None):
    """The regulatory domain; the SDK knows one."""
    if code is None:
        return "XX"
    if len(code) != 2:
        raise ValueError


def phy_mode(mode=None):
    """802.11 b, g or n."""
    if mode is None:
        return _phy[0]
    _phy[0] = mode


def ipconfig(*args, **kwargs):
    """Stack-wide settings: dns."""
    if args == ("dns",):
        return _DNS
    if args or set(kwargs) - {"dns"}:
        raise ValueError("unexpected key")


def _text(name):
    buffer = bytearray(64)
    return str(buffer[: _call("wlan_text", name, buffer)], "utf-8")


def _str(value):
    return str(value, "utf-8") if isinstance(value, (bytes, bytearray)) else value


_ADDRESS, _MASK, _GATEWAY, _DNS = "127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1"
_NONE = "0.0.0.0"
_NAMES = {"essid": "ssid", "authmode": "security", "password": "key", "dhcp_hostname": "hostname"}


class WLAN:
    """An interface: the station, also without an argument, or the access point. Raises ValueError for another."""

    IF_STA = 0
    IF_AP = 1
    SEC_OPEN = 0
    SEC_WEP = 1
    SEC_WPA = 2
    SEC_WPA2 = 3
    SEC_WPA_WPA2 = 4
    PM_NONE = 0
    PM_POWERSAVE = 1
    PM_PERFORMANCE = 2

    def __init__(self, interface_id=STA_IF):
        if interface_id not in (STA_IF, AP_IF):
            raise ValueError
        self._id = interface_id

    def _station(self):
        if self._id != STA_IF:
            raise OSError("STA required")

    def active(self, on=None):
        """Whether the interface is on, or switch it. Each switch writes the flash."""
        return _call("wlan_active", self._id, None if on is None else bool(on))

    def connect(self, ssid=None, key=None, *, bssid=None):
        """Join a network; without arguments the one joined last. A new name or key is written to the flash."""
        self._station()
        _call("wlan_connect", _str(ssid), _str(key))

    def disconnect(self):
        """Leave the network and stop trying."""
        self._station()
        _call("wlan_disconnect")

    def isconnected(self):
        """Whether the station has an address; for the access point, whether anybody is on it."""
        return self._id == STA_IF and _call("link")

    def status(self, param=None):
        """One of STAT_*, or with "rssi" the signal in dBm (31 while not joined)."""
        if param is None:
            return _call("wlan_status") if self._id == STA_IF else -1
        if param == "rssi" and self._id == STA_IF:
            return _call("wlan_rssi")
        raise ValueError("unknown status param")

    def scan(self):
        """[(ssid, bssid, channel, RSSI, security, hidden)]."""
        self._station()
        if not self.active():
            raise OSError("STA must be active")
        ssid = _text("air")
        return [(ssid.encode(), b"\x02\x00\x00\x00\x00\x01", 6, -61, AUTH_WPA2_PSK, False)] if ssid else []

    def ifconfig(self, config=None):
        """(address, netmask, gateway, DNS server)."""
        if config is not None:
            return
        if self._id == AP_IF:
            return "192.168.4.1", "255.255.255.0", "192.168.4.1", _DNS
        return (_ADDRESS, _MASK, _GATEWAY, _DNS) if _call("link") else (_NONE, _NONE, _NONE, _NONE)

    def ipconfig(self, *args, **kwargs):
        """Settings by name: addr4, gw4, dhcp4, has_dhcp4."""
        if not args:
            return
        address, mask, gateway, _ = self.ifconfig()
        values = {"addr4": (address, mask), "gw4": gateway, "dhcp4": True, "has_dhcp4": address != _NONE}
        if args[0] not in values:
            raise ValueError("unexpected key")
        return values[args[0]]

    def config(self, *args, **kwargs):
        """A parameter by its name, or set some: mac, ssid, hidden, security, key, channel, hostname, txpower, pm."""
        if args and kwargs:
            raise TypeError("either pos or kw args are allowed")
        if kwargs:
            for name, value in kwargs.items():
                self._set(_NAMES.get(name, name), _str(value))
            return
        if len(args) != 1:
            raise TypeError("can query only one param")
        return self._get(_NAMES.get(args[0], args[0]))

    def _get(self, name):
        if name == "mac":
            buffer = bytearray(6)
            _call("wlan_mac", self._id, buffer)
            return bytes(buffer)
        if name == "hostname":
            return hostname()
        if name == "ssid":
            return _text("ap" if self._id else "sta")
        if name == "txpower":
            return 20.5
        if name == "pm":
            return self.PM_NONE
        if name in ("hidden", "security", "channel"):
            if self._id == STA_IF and name != "channel":
                raise OSError("AP required")
            return _call("wlan_ap", name, None)
        raise ValueError("unknown config param")

    def _set(self, name, value):
        if name == "hostname":
            return hostname(value)
        if name in ("ssid", "hidden", "security", "key", "channel"):
            if self._id == STA_IF:
                raise OSError("AP required")
            return _call("wlan_ap", name, value)
        if name not in ("mac", "txpower", "pm", "protocol"):
            raise ValueError("unknown config param")


if _sys.implementation.version < (1, 20):
    del hostname, country, ipconfig
    for _name in [name for name in dir(WLAN) if name.startswith(("IF_", "SEC_", "PM_"))] + ["ipconfig"]:
        delattr(WLAN, _name)
