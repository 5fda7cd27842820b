"""Wi-Fi: joined at the start, and again whenever the link is lost.

The chip remembers the last network in flash and rejoins it by itself. active(x), connect(ssid, key) and, before 1.20,
config(dhcp_hostname=x) write that flash, connect() does not: so compare first, and write only a change.
"""

import time
from binascii import hexlify

import network
from micropython import const


_LONGEST_TRY_MS = const(300000)
_RESTART_MS = const(900000)
_NEVER_MS = const(1 << 29)  # as long as ticks_diff() can tell

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
    if find(sta, _networks(wifi)) is None:
        sta.connect(wifi["ssid"], wifi.get("key", ""))
    elif sta.status() not in (network.STAT_CONNECTING, network.STAT_GOT_IP):
        sta.connect()


def _networks(wifi):
    return [(n["ssid"], n.get("key", "")) for n in [wifi] + wifi.get("others", [])]


def find(sta, networks):
    """Return the index in `networks` of the network that the chip is set to; None: to another.

    A name of 32 bytes has no terminator in the SDK: before MicroPython 1.23 the driver returns the key after it, too.
    So the name is only compared, and goes nowhere else.
    """
    current = sta.config("essid")  # every version from 1.19 on knows this name of the option
    for i in range(len(networks)):
        name = networks[i][0]
        if current == name or len(name.encode()) == 32 and current.startswith(name):
            return i


def _set_hostname(sta, name):
    if hasattr(network, "hostname"):
        name = name or "feather-" + hexlify(sta.config("mac")[3:]).decode()
        if network.hostname() != name:
            network.hostname(name)
    elif name and sta.config("dhcp_hostname") != name:
        sta.config(dhcp_hostname=name)


def rejoin(sta, wifi, faults):
    """Try to get a link again. After `timeout_s`: fault 7, and the next network. After 15 minutes: a restart.

    In each further round an attempt gets twice the time, up to 5 min, because a change of network writes flash.
    While there is no link, `wifi["down"]` is [ticks_ms() of its loss, ms from then to the next attempt, attempts].
    """
    from node.supervisor import Stop  # not above: boot.py needs only join(), and quickly

    timeout_ms = wifi["timeout_s"] * 1000
    if "down" not in wifi:
        join(wifi)  # boot.py has done it, unless it was changed or could not read config.json
        wifi["down"] = [time.ticks_ms(), timeout_ms, 0]
    down = wifi["down"]
    if not wifi["ssid"]:
        faults.begin("wifi", "wifi.ssid is empty")
        down[1] = _NEVER_MS
        return
    down_ms = time.ticks_diff(time.ticks_ms(), down[0])
    if down_ms >= _RESTART_MS:
        raise Stop("no Wi-Fi", True)
    if down_ms >= down[1]:
        wait_ms = min(timeout_ms << down[2] // _next(sta, wifi, faults, down[2]), _LONGEST_TRY_MS)
        down[1] = min(down[1] + wait_ms, _RESTART_MS)
        down[2] += 1


def _next(sta, wifi, faults, tries):
    """Begin fault 7 and try the next network. The first time try an only one, too: its key may have changed.

    Returns the number of networks.
    """
    status = sta.status()  # 255 while the interface is off
    networks = _networks(wifi)
    count = len(networks)
    current = find(sta, networks) or 0
    why = _WHY.split("|")[status if status <= network.STAT_GOT_IP else 0]
    faults.begin("wifi", "%s: %s" % (networks[current][0], why))
    if tries and count == 1:
        return 1  # the chip goes on trying by itself
    sta.connect(*networks[(current + 1) % count])
    return count
