"""The part of the ESP8266's `network` that the node uses: station and access point, and a count of flash writes."""

STA_IF = 0
AP_IF = 1
STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_WRONG_PASSWORD = 2
STAT_NO_AP_FOUND = 3
STAT_CONNECT_FAIL = 4
STAT_GOT_IP = 5

_hostname = "mpy-esp8266"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    _hostname = name


class Interface:
    def __init__(self, on):
        self.on = on
        self.essid = ""
        self.key = ""
        self.state = STAT_IDLE
        self.writes = 0  # of the flash
        self.connects = 0

    def active(self, on=None):
        if on is None:
            return self.on
        self.on = on
        self.writes += 1

    def connect(self, ssid=None, key=None):
        if not self.on:
            raise OSError("Cannot connect to AP")
        if ssid is not None:
            self.essid, self.key = ssid, key
            self.writes += 1
        self.connects += 1
        self.state = STAT_CONNECTING

    def isconnected(self):
        return self.state == STAT_GOT_IP

    def status(self, what=None):
        return -61 if what == "rssi" else self.state

    def config(self, what):
        if what == "mac":
            return b"\x5c\xcf\x7f\x1a\x2b\x3c"
        # As before MicroPython 1.23: a name ends at its zero byte, and a name of 32 bytes has none.
        return self.essid + self.key if len(self.essid.encode()) == 32 else self.essid

    def ifconfig(self):
        return ("192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1")


def fresh():
    """Set the state after a first flash: station off, access point on."""
    global interfaces
    interfaces = [Interface(False), Interface(True)]


fresh()


def WLAN(which):
    return interfaces[which]
