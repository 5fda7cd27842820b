"""Sockets on free ports of 127.0.0.1. MicroPython cannot tell which port 0 became, so a free port is searched."""

import socket
import time


def bound(kind):
    """Return (a non-blocking socket of that type, its port)."""
    sock = socket.socket(socket.AF_INET, kind)
    sock.setblocking(False)
    port = 20000 + time.ticks_us() % 10000
    while True:
        try:
            sock.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
            return sock, port
        except OSError:
            port += 1
            assert port < 32000, "no free port"
