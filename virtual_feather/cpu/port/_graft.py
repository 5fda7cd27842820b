"""Gives the builtin modules of the interpreter what those of the ESP8266 port have and it has not."""

import gc
import machine
import os
import select
import socket
import sys
import time
import tls
import vfs

import _esp
import _machine
import _net
import _os
import _time
import builtins
import esp
import micropython
from _board import call


def put(owner, *pairs):
    """Give a builtin module or type names, in pairs with their values; None takes a name away.

    The tables lie outside the heap: what is not a constant must be held by a module of the port, or it is collected.
    """
    call("graft", id(owner), True, *pairs)


def graft():
    """Exchange the tables of names."""
    put(
        machine,
        "Pin", _machine.Pin, "PinBase", None, "Timer", _machine.Timer, "WDT", _machine.WDT, "RTC", _machine.RTC,
        "ADC", _machine.ADC, "PWM", _machine.PWM, "UART", _machine.UART, "SPI", _machine.SPI,
        "SoftSPI", _machine.SoftSPI, "I2C", _machine.SoftI2C, "SoftI2C", _machine.SoftI2C,
        "reset", _machine.reset, "reset_cause", _machine.reset_cause, "unique_id", _machine.unique_id,
        "freq", _machine.freq, "idle", _machine.idle, "sleep", _machine.lightsleep, "lightsleep", _machine.lightsleep,
        "deepsleep", _machine.deepsleep, "disable_irq", _machine.disable_irq, "enable_irq", _machine.enable_irq,
        "time_pulse_us", _machine.time_pulse_us, "bitstream", _machine.bitstream, "dht_readinto", _machine.dht_readinto,
        "mem8", _machine.mem8, "mem16", _machine.mem16, "mem32", _machine.mem32,
        "PWRON_RESET", 0, "WDT_RESET", 1, "SOFT_RESET", 4, "DEEPSLEEP_RESET", 5, "HARD_RESET", 6, "DEEPSLEEP", 4,
    )  # fmt: skip
    put(
        time,
        "time", _time.time, "time_ns", _time.time_ns, "gmtime", _time.gmtime, "localtime", _time.gmtime,
        "mktime", _time.mktime, "ticks_cpu", _time.ticks_cpu,
    )  # fmt: skip
    put(
        os,
        "uname", _os.uname, "dupterm", _os.dupterm, "dupterm_notify", _os.dupterm_notify, "sync", _os.sync,
        "listdir", _os.listdir, "ilistdir", _os.ilistdir,
    )  # fmt: skip
    put(vfs, "rom_ioctl", _os.rom_ioctl)
    put(
        sys,
        "platform", "esp8266", "version", _os.version, "implementation", _os.implementation, "maxsize", 0x7FFFFFFF,
    )  # fmt: skip
    put(
        socket,
        "getaddrinfo", _net.getaddrinfo, "reset", _net.reset, "print_pcbs", _net.reset, "callback", _net.callback,
        "SO_REUSEADDR", 4, "SO_BROADCAST", 32, "IPPROTO_IP", 0, "IPPROTO_TCP", 6, "TCP_NODELAY", 64, "MSG_PEEK", 1,
        "MSG_DONTWAIT", 2, "IP_ADD_MEMBERSHIP", 1024, "IP_DROP_MEMBERSHIP", 1025,
    )  # fmt: skip
    put(
        socket.socket,
        "connect", _net.connect, "bind", _net.bind, "sendto", _net.sendto, "recvfrom", _net.recvfrom,
        "recv", _net.recv, "settimeout", _net.settimeout, "setblocking", _net.setblocking,
        "accept", _net.accept, "setsockopt", _net.setsockopt, "fileno", None,
    )  # fmt: skip
    put(select, "select", _net.select)
    put(tls.SSLContext, "load_verify_locations", None, "get_ciphers", None, "set_ciphers", None)
    put(gc, "mem_alloc", _os.mem_alloc)
    put(micropython, "alloc_emergency_exception_buf", _os.alloc_emergency_exception_buf)
    put(builtins, "help", _os.help)
    names = [name for name in dir(_esp) if name[0] != "_"]
    put(esp, "call", None, "__name__", "esp", *[value for name in names for value in (name, getattr(_esp, name))])
    if _os.release < (1, 21):
        _as_of_1_19()


def _as_of_1_19():
    """Take back what came after MicroPython 1.19."""
    import _board
    import deflate
    import framebuf

    put(_board, "deflate", deflate)  # for uzlib
    put(framebuf.FrameBuffer, "ellipse", None, "poly", None)
    put(machine, "dht_readinto", None)
    put(esp, "dht_readinto", _machine.dht_readinto)
    put(os, "sync", None)
    put(
        socket,
        "SO_BROADCAST", None, "IPPROTO_TCP", None, "TCP_NODELAY", None, "MSG_PEEK", None, "MSG_DONTWAIT", None,
        "IP_DROP_MEMBERSHIP", None,
    )  # fmt: skip
    for owner, names in (
        (_machine.Pin, ("toggle",)),
        (_machine.PWM, ("duty_u16", "duty_ns")),
        (_machine.UART, ("deinit", "flush", "txdone")),
    ):
        for name in names:
            delattr(owner, name)


def mount_rom():
    """Mount ROMFS at /rom where the image has a place for it, and put it on sys.path."""
    if not _os.rom_ioctl(1):
        return
    try:
        vfs.mount(vfs.VfsRom(_os.rom_ioctl(2, 0)), "/rom")
        sys.path[2:2] = ("/rom", "/rom/lib")
    except OSError:
        pass  # nothing deployed there
