"""ntptime: set the clock from the network (RFC 4330, simple NTP)."""

import socket
from time import gmtime

host = "pool.ntp.org"
timeout = 1  # seconds

_QUERY = b"\x23" + bytes(47)  # version 4, client
_EARLIEST = 3913056000  # 2024-01-01 in seconds since 1900; less means that the 32 bits have wrapped, in 2036
NTP_DELTA = 3155673600  # from 1900 to 2000


def time():
    """Seconds since 2000, from the server. Raises OSError, ETIMEDOUT after `timeout`."""
    address = socket.getaddrinfo(host, 123)[0][-1]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.settimeout(timeout)
        sock.sendto(_QUERY, address)
        answer = sock.recv(48)
    finally:
        sock.close()
    seconds = int.from_bytes(answer[40:44], "big")
    if seconds < _EARLIEST:
        seconds += 0x100000000
    return seconds - NTP_DELTA


def settime():
    """Set machine.RTC, in UTC."""
    import machine

    year, month, day, hour, minute, second, weekday, _ = gmtime(time())
    machine.RTC().datetime((year, month, day, weekday + 1, hour, minute, second, 0))
