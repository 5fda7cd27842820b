"""Makes the builtin modules of the interpreter those of the ESP8266 port: what is missing comes, what is foreign goes."""

import gc
import machine
import os
import select
import socket
import sys
import time
import vfs

import _board
import _machine
import _net
import _os
import _time


def graft(call):
    """Exchange the tables of names. The new values stay alive through sys.modules, where these modules remain."""

    def put(owner, keep, *pairs):
        call("graft", id(owner), keep, *pairs)

    put(
        machine, True,
        "Pin", _machine.Pin, "PinBase", None, "Timer", _machine.Timer, "WDT", _machine.WDT, "RTC", _machine.RTC,
        "I2C", _machine.SoftI2C, "SoftI2C", _machine.SoftI2C,
        "reset", _machine.reset, "soft_reset", _machine.soft_reset, "reset_cause", _machine.reset_cause,
        "unique_id", _machine.unique_id, "freq", _machine.freq, "deepsleep", _machine.deepsleep,
        "PWRON_RESET", 0, "WDT_RESET", 1, "SOFT_RESET", 4, "DEEPSLEEP_RESET", 5, "HARD_RESET", 6, "DEEPSLEEP", 4,
    )  # fmt: skip
    put(
        time, True,
        "time", _time.time, "time_ns", _time.time_ns, "gmtime", _time.gmtime, "localtime", _time.gmtime,
        "mktime", _time.mktime, "clock", None,
    )  # fmt: skip
    put(
        os, True,
        "uname", _os.uname, "dupterm", _os.dupterm, "dupterm_notify", _os.dupterm_notify,
        "listdir", _os.listdir, "ilistdir", _os.ilistdir,
        "system", None, "getenv", None, "putenv", None, "unsetenv", None, "errno", None, "VfsPosix", None, "VfsLfs1", None,
    )  # fmt: skip
    put(vfs, True, "VfsPosix", None, "VfsLfs1", None, "rom_ioctl", _os.rom_ioctl)
    # Made here, so nothing else holds them.
    _board.kept = version, implementation = _os.info("sys.version"), _os.implementation()
    put(
        sys, True,
        "platform", "esp8266", "version", version, "implementation", implementation,
        "executable", None, "atexit", None,
    )  # fmt: skip
    put(
        socket, True,
        "getaddrinfo", _net.getaddrinfo, "SO_REUSEADDR", 4, "SO_BROADCAST", 32, "IPPROTO_IP", 0, "IPPROTO_TCP", 6,
        "TCP_NODELAY", 64, "sockaddr", None, "inet_pton", None, "inet_ntop", None,
    )  # fmt: skip
    put(
        socket.socket, True,
        "connect", _net.connect, "bind", _net.bind, "sendto", _net.sendto, "recvfrom", _net.recvfrom,
        "accept", _net.accept, "setsockopt", _net.setsockopt,
    )  # fmt: skip
    put(select, True, "select", None)
    put(gc, True)
