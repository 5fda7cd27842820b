"""Queries over UDP that never block: the name of a broker (RFC 1035; *.local RFC 6762), and for ntp.py the time.

socket.getaddrinfo() waits up to 14 s for a DNS server and blocks everything meanwhile. So here it only gets dotted
addresses, which it converts at once to the port's form of an address.
"""

import asyncio
import select
import socket
from os import urandom

from micropython import const

_TRIES = const(2)
_STEP_MS = const(20)
_STEPS = const(75)  # 1.5 s for each try
_REPLY = const(256)  # bytes of a reply that are read; the first address is well within them
_MULTICAST = const("224.0.0.251")  # the host with the name answers (RFC 6762, 6.7)


async def ask(server, port, data, match, at):
    """Send `data` to `server` (dotted) until it replies with the bytes `match` at `at`.

    Returns the first 256 bytes of the reply, or None after 3 s. Raises OSError when nothing can be sent.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        address = socket.getaddrinfo(server, port)[0][-1]
        for _ in range(_TRIES):
            sock.sendto(data, address)
            for _ in range(_STEPS):
                await asyncio.sleep_ms(_STEP_MS)
                # Only after a poll: before MicroPython 1.20 reading an empty UDP socket of lwIP raises ETIMEDOUT.
                if poller.poll(0):
                    reply, sender = sock.recvfrom(_REPLY)
                    if reply[at : at + len(match)] == match and (sender == address or server == _MULTICAST):
                        return reply
    finally:
        sock.close()


async def address(host, session):
    """Return the dotted address of `host`, asking the network's DNS server unless `host` is dotted already.

    A name in `.local` is asked for by multicast first. If there is no answer, the last good one is used. Raises OSError
    with a message when there has been none.
    """
    if is_address(host):
        return host
    known = session.addresses
    try:
        known[host] = await _look_up(host, session.sta.ifconfig()[3])
    except OSError as e:
        if host not in known:
            raise e
    return known[host]


def is_address(host):
    """Say whether `host` is a dotted IPv4 address."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


async def _look_up(host, dns):
    why = "%s cannot be looked up" % host
    servers = [(dns, 53)]
    if host.lower().endswith(".local"):  # a one-shot query, answered straight to us (RFC 6762, 5.1)
        servers.insert(0, (_MULTICAST, 5353))
    for server, port in servers:
        if not is_address(server) or server == "0.0.0.0":
            why += ", the network gave no DNS server"
            continue
        query = urandom(2) + _question(host)
        reply = await ask(server, port, query, query[:2], 0)
        found = reply and _take(reply, query)
        if found:
            return found
        why += ", %s does not know it" % server if reply else ", no answer from %s" % server
    raise OSError(why)


def _question(host):
    """Return the packet that asks for the A record of `host` (RFC 1035, 4.1), without its identifier."""
    query = bytearray()
    query += b"\1\0\0\1\0\0\0\0\0\0"  # recursion desired, one question
    for label in host.split("."):
        query.append(len(label))
        query += label.encode()
    query += b"\0\0\1\0\1"  # end of the name, type A, class IN
    return query


def _take(buf, query):
    """Return the first A record as a dotted address; None when there is none, or the reply is an error or broken."""
    try:
        if buf[2] & 0x80 == 0 or buf[3] & 0x0F:  # not a reply, or an error code
            return None
        if buf[5] and buf[12 : len(query)] != query[12:]:  # the answer to another question
            return None
        at = 12
        for _ in range(buf[5]):
            at = _end(buf, at) + 4
        for _ in range(buf[7]):
            at = _end(buf, at)
            kind, size = buf[at + 1], buf[at + 9]
            if kind == 1 and size == 4:
                return "%d.%d.%d.%d" % tuple(buf[at + 10 : at + 14])
            at += 10 + size
    except (IndexError, TypeError):  # TypeError: fewer than four bytes left for the address
        pass
    return None


def _end(buf, at):
    """Return where the name at `at` ends (RFC 1035, 4.1.4)."""
    while True:
        size = buf[at]
        if size >= 0xC0:
            return at + 2
        at += size + 1
        if size == 0:
            return at
