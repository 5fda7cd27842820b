"""network of the ESP8266 port: the station and the access point of the SDK."""

import sys as _sys
import time as _time

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

_SCAN_MS = const(2100)
_NONE = "0.0.0.0"
_AP_ADDRESS = "192.168.4.1,255.255.255.0,192.168.4.1"
_STA_ADDRESS = "127.0.0.1,255.0.0.0,127.0.0.1"
_DNS = "127.0.0.1"
_FIRST_DNS = "208.67.222.222"  # of lwIP, until DHCP has told another
_OLD = _sys.implementation.version < (1, 20)
_OLD_KEYS = ("mac", "essid", "hidden", "authmode", "password", "channel", "dhcp_hostname")
_NAMES = {"essid": "ssid", "authmode": "security", "password": "key", "dhcp_hostname": "hostname"}


def hostname(*name):
    """The name told to the DHCP server at the next connect(), or set it."""
    return _keep("name", name, 32)


def country(*code):
    """The regulatory domain; the SDK knows one."""
    return _keep("country", code, 2, 2)


def _keep(what, value, longest, shortest=0):
    if not value:
        return _text(what)
    (value,) = value
    if not shortest <= len(_str(value)) <= longest:
        raise ValueError
    _call("wlan_put", what, _str(value))


def phy_mode(_mode=None):
    """802.11 b, g or n."""
    return _call("wlan_setting", "phy", _mode)


def ipconfig(*args, **kwargs):
    """Stack-wide settings: dns."""
    if not kwargs:
        if len(args) != 1:
            raise TypeError("must query one param")
        if args[0] != "dns":
            raise ValueError("unexpected key")
        return _dns()
    if args:
        raise TypeError("can't specify pos and kw args")
    if set(kwargs) != {"dns"}:
        raise ValueError("unexpected key")
    if not _is_address(kwargs["dns"]):
        raise ValueError("invalid arguments as dns server")
    _call("wlan_put", "dns", kwargs["dns"])


def _dns():
    return _text("dns") or (_DNS if _call("link") else _FIRST_DNS)


def _is_address(text):
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


def _address(text):
    if not _is_address(text):
        raise ValueError("invalid arguments")
    return text


def _mask(bits):
    value = 0xFFFFFFFF << (32 - bits) & 0xFFFFFFFF
    return ".".join([str(value >> shift & 255) for shift in (24, 16, 8, 0)])


def _text(name):
    buffer = bytearray(64)
    return str(buffer[: _call("wlan_text", name, buffer)], "utf-8")


def _str(value):
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return str(value, "utf-8")
    raise TypeError("can't convert '%s' object to str implicitly" % type(value).__name__)


def _check(done, message):
    if not done:
        raise OSError(message)


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

    def __new__(cls, _interface_id=STA_IF):
        if _interface_id not in (STA_IF, AP_IF):
            raise ValueError
        return _interfaces[_interface_id]

    def __repr__(self):
        return "<WLAN>"

    def _require(self, interface):
        if self._id != interface:
            raise OSError("AP required" if interface else "STA required")

    def active(self, *on):
        """Whether the interface is on, or switch it. Each switch writes the flash."""
        return _call("wlan_active", self._id, on[0] + 0 != 0 if on else None)

    def connect(self, _ssid=None, _key=None, *, bssid=None):
        """Join a network; without arguments the one joined last. A new name or key is written to the flash."""
        ssid, key = (None if value is None else _str(value) for value in (_ssid, _key))
        self._require(STA_IF)
        if bssid is not None and len(bssid) != 6:
            raise ValueError
        if not _OLD:
            _call("wlan_put", "hostname", _text("name"))
        known = ssid is None and key is None and bssid is None
        _check(_call("wlan_connect", ssid, key), "Cannot connect to AP" if known else "Cannot set STA config")

    def disconnect(self):
        """Leave the network and stop trying."""
        self._require(STA_IF)
        _check(_call("wlan_disconnect"), "Cannot disconnect from AP")

    def isconnected(self):
        """Whether the station has an address; for the access point, whether anybody is on it."""
        return self._id == STA_IF and _call("link")

    def status(self, _param=None):
        """One of STAT_*, 255 while off; "rssi": the signal in dBm (31 while not joined); "stations": who is on."""
        if _param is None:
            return _call("wlan_status") if self._id == STA_IF else -1
        if _param == "rssi" and self._id == STA_IF:
            return _call("wlan_rssi")
        if _param == "stations" and self._id == AP_IF:
            return []
        raise ValueError("unknown status param")

    def scan(self):
        """[(ssid, bssid, channel, RSSI, security, hidden)], after two seconds."""
        self._require(STA_IF)
        _check(self.active(), "STA must be active")
        _time.sleep_ms(_SCAN_MS)
        ssid = _text("air")
        return [(ssid.encode(), b"\x02\x00\x00\x00\x00\x01", 6, -61, AUTH_WPA2_PSK, 0)] if ssid else []

    def _addresses(self):
        """Address, netmask and gateway."""
        text = _text("address%d" % self._id)
        if not text:
            text = _AP_ADDRESS if self._id else _STA_ADDRESS if _call("link") else ",".join((_NONE,) * 3)
        return text.split(",")

    def _set_addresses(self, *addresses):
        _call("wlan_put", "address%d" % self._id, ",".join(addresses))

    def ifconfig(self, *_config):
        """(address, netmask, gateway, DNS server), or set them, or "dhcp"."""
        if not _config:
            return tuple(self._addresses() + [_dns()])
        (config,) = _config
        if config == "dhcp":
            self._require(STA_IF)
            return self._set_addresses()
        if len(config) != 4:
            raise ValueError("requested length 4 but object has length %d" % len(config))
        address, mask, gateway, dns = config
        mask = _mask(mask) if isinstance(mask, int) else _address(mask)
        self._set_addresses(_address(address), mask, _address(gateway))
        _call("wlan_put", "dns", _address(dns))

    def ipconfig(self, *args, **kwargs):
        """Settings by name: addr4, gw4, dhcp4."""
        address, mask, gateway = self._addresses()
        if not kwargs:
            if len(args) != 1:
                raise TypeError("must query one param")
            values = {"addr4": (address, mask), "gw4": gateway, "dhcp4": not _text("address%d" % self._id)}
            if args[0] not in values:
                raise ValueError("unexpected key")
            return values[args[0]]
        if args:
            raise TypeError("can't specify pos and kw args")
        for name, value in kwargs.items():
            if name == "dhcp4" and self._id == STA_IF:
                self._set_addresses(*(() if value else (address, mask, gateway)))
            elif name == "addr4":
                if isinstance(value, str):
                    address, *bits = value.split("/")
                    mask = _mask(int(bits[0])) if bits else mask
                else:
                    address, mask = value
                self._set_addresses(_address(address), _address(mask), gateway)
            elif name == "gw4":
                gateway = _address(value)
                self._set_addresses(address, mask, gateway)
            else:
                raise ValueError("unexpected key")

    def config(self, *args, **kwargs):
        """A parameter by its name, or set some: mac, ssid, hidden, security, key, channel, hostname, txpower, pm."""
        if args and kwargs:
            raise TypeError("either pos or kw args are allowed")
        if kwargs:
            return self._set(kwargs)
        if len(args) != 1:
            raise TypeError("can query only one param")
        return self._get(_name(args[0]))

    def _get(self, name):
        if name == "mac":
            buffer = bytearray(6)
            _call("wlan_mac", self._id, buffer)
            return bytes(buffer)
        if name == "hostname":
            self._require(STA_IF)
            return _text("hostname" if _OLD else "name")
        if name == "ssid":
            return _text("ap" if self._id else "sta")
        if name == "channel":
            return _call("wlan_channel")
        if name in ("protocol", "pm"):
            return _call("wlan_setting", "phy" if name == "protocol" else "sleep", None)
        if name in ("hidden", "security"):
            self._require(AP_IF)
            value = _call("wlan_ap", name)
            return bool(value) if name == "hidden" else value
        raise ValueError("unknown config param")

    def _set(self, values):
        pairs = []
        needs = None
        for name, value in values.items():
            name = _name(name)
            if name in ("ssid", "hidden", "security", "key"):
                needs = AP_IF
                pairs += (name, _str(value) if name in ("ssid", "key") else int(value))
            elif name == "channel":
                _check(0 < value < 15, "can't set channel")
                pairs += (name, value)
            elif name == "hostname":
                if _OLD:
                    self._require(STA_IF)
                    _call("wlan_put", "hostname", _str(value))
                else:
                    hostname(value)
            elif name in ("protocol", "pm"):
                _call("wlan_setting", "phy" if name == "protocol" else "sleep", value)
            elif name == "mac":
                if len(value) != 6:
                    raise ValueError("invalid buffer length")
                _call("wlan_set_mac", self._id, value)
            elif name != "txpower":
                raise ValueError("unknown config param")
        if needs is not None:
            self._require(needs)
        _check(_call("wlan_set", self._id, *pairs), "can't set %s config" % ("AP" if self._id else "STA"))


def _name(key):
    """A parameter by its present name; the old image knows fewer."""
    if _OLD and key not in _OLD_KEYS:
        raise ValueError("unknown config param")
    return _NAMES.get(key, key)


_interfaces = [object.__new__(WLAN), object.__new__(WLAN)]
for _number in (STA_IF, AP_IF):
    _interfaces[_number]._id = _number

if _OLD:
    del hostname, country, ipconfig
    for _member in [member for member in dir(WLAN) if member.startswith(("IF_", "SEC_", "PM_"))] + ["ipconfig"]:
        delattr(WLAN, _member)
