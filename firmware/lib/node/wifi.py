"""Wi-Fi: joined at boot, kept for ever.

The chip remembers the last network in flash and rejoins it by itself. active(x), connect(ssid, key) and, before 1.20,
config(dhcp_hostname=x) write that flash, connect() does not: so compare first, and write for a change only.
"""

import time
from binascii import hexlify

import network
from micropython import const

from node.faults import WIFI

_POLL_MS = const(500)
_LONGEST_TRY_MS = const(300000)
_RESTART_MS = const(900000)

_WHY = "not started|still trying|wrong key|not found|connection failed|just joined"  # by network.STAT_*


def join(wifi):
    """Start joining and return at once; `wifi` is that section of config.json, complete or not. For boot.py.

    A link, or an attempt under way, to any of the networks is left alone: boot.py runs at every soft reset.
    """
    sta = network.WLAN(network.STA_IF)
    if not sta.active():
        sta.active(True)
    _set_hostname(sta, wifi.get("hostname"))
    if not wifi["ssid"]:
        return
    # "essid" is what every version from 1.19 on understands.
    if sta.config("essid") not in [ssid for ssid, _ in _networks(wifi)]:
        sta.connect(wifi["ssid"], wifi.get("key", ""))
    elif sta.status() not in (network.STAT_CONNECTING, network.STAT_GOT_IP):
        sta.connect()


def _networks(wifi):
    return [(n["ssid"], n.get("key", "")) for n in [wifi] + wifi.get("others", [])]


def _set_hostname(sta, name):
    if hasattr(network, "hostname"):
        name = name or "feather-" + hexlify(sta.config("mac")[3:]).decode()
        if network.hostname() != name:
            network.hostname(name)
    elif name and sta.config("dhcp_hostname") != name:
        sta.config(dhcp_hostname=name)


class Wifi:
    """The station interface; `wifi` is that section of the settings."""

    def __init__(self, wifi, faults):
        self._sta = network.WLAN(network.STA_IF)
        self._settings = wifi
        self._faults = faults
        self.joined = self._sta.isconnected

    def mac(self):
        """Return the MAC as 12 hex digits (bytes)."""
        return hexlify(self._sta.config("mac"))

    def rssi(self):
        """Return the signal in dBm; only while joined."""
        return self._sta.status("rssi")

    def dns(self):
        """Return the address of the DNS server that the network named."""
        return self._sta.ifconfig()[3]

    def run(self):
        """Watch the link for ever: a step. Without one for `timeout_s`: fault 7, and the next network; 15 min: restart.

        Each further round over the networks is given twice the time, up to 5 min: a change of network writes flash.
        """
        from node.tasks import Stop  # not above: boot.py wants no more than join(), and at once

        wifi = self._settings
        join(wifi)  # boot.py has done it, unless it was changed or could not read config.json
        timeout_ms = wifi["timeout_s"] * 1000
        lost = None
        while True:
            yield _POLL_MS
            if self.joined():
                self._faults.clear(WIFI)
                lost = None
                continue
            if not wifi["ssid"]:
                self._faults.begin(WIFI, "wifi.ssid is empty")
                continue
            if lost is None:
                lost = time.ticks_ms()
                due_ms = timeout_ms
                tries = 0
            down_ms = time.ticks_diff(time.ticks_ms(), lost)
            if down_ms > _RESTART_MS:
                raise Stop("no Wi-Fi", True)
            if down_ms >= due_ms:
                due_ms += min(timeout_ms << tries // self._try(tries), _LONGEST_TRY_MS)
                tries += 1

    def _try(self, tries):
        """Begin fault 7 and go for the next network, the first time for the only one too: its key may have changed.

        Return how many there are.
        """
        status = self._sta.status()  # 255 while the interface is off
        current = self._sta.config("essid")
        why = _WHY.split("|")[status if status <= network.STAT_GOT_IP else 0]
        self._faults.begin(WIFI, "%s: %s" % (current, why))
        networks = _networks(self._settings)
        count = len(networks)
        if tries and count == 1:
            return 1  # the chip goes on trying by itself
        following = 0
        for i in range(count):
            if networks[i][0] == current:
                following = (i + 1) % count
        self._sta.connect(*networks[following])
        return count
