"""Wi-Fi: joined at boot, kept for ever.

The chip remembers the last network in flash and rejoins it by itself. active(x), connect(ssid, key) and, before 1.20,
config(dhcp_hostname=x) write that flash, connect() does not: so compare first, and write for a change only.
"""

import time
from binascii import hexlify

import network
from micropython import const


_POLL_MS = const(500)
_LONGEST_TRY_MS = const(300000)
_RESTART_MS = const(900000)

_WHY = const("not started|still trying|wrong key|not found|connection failed|just joined")  # by network.STAT_*


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


def run(sta, wifi, faults):
    """Return when there is a link: a step. Without one for `timeout_s`: fault 7, and the next network; 15 min: restart.

    Each further round over the networks is given twice the time, up to 5 min: a change of network writes flash.
    """
    from node.tasks import Stop  # not above: boot.py wants no more than join(), and at once

    join(wifi)  # boot.py has done it, unless it was changed or could not read config.json
    timeout_ms = wifi["timeout_s"] * 1000
    lost = time.ticks_ms()
    due_ms = timeout_ms
    tries = 0
    while not sta.isconnected():
        yield _POLL_MS
        if not wifi["ssid"]:
            faults.begin("wifi", "wifi.ssid is empty")
            continue
        down_ms = time.ticks_diff(time.ticks_ms(), lost)
        if down_ms > _RESTART_MS:
            raise Stop("no Wi-Fi", True)
        if down_ms >= due_ms:
            due_ms += min(timeout_ms << tries // _next(sta, wifi, faults, tries), _LONGEST_TRY_MS)
            tries += 1
    faults.clear("wifi")


def _next(sta, wifi, faults, tries):
    """Begin fault 7 and go for the next network, the first time for the only one too: its key may have changed.

    Return how many there are.
    """
    status = sta.status()  # 255 while the interface is off
    current = sta.config("essid")
    why = _WHY.split("|")[status if status <= network.STAT_GOT_IP else 0]
    faults.begin("wifi", "%s: %s" % (current, why))
    networks = _networks(wifi)
    count = len(networks)
    if tries and count == 1:
        return 1  # the chip goes on trying by itself
    following = 0
    for i in range(count):
        if networks[i][0] == current:
            following = (i + 1) % count
    sta.connect(*networks[following])
    return count
