"""socket as lwIP offers it on the ESP8266: addresses are (host, port) tuples, options have lwIP's numbers."""

import errno
import select as _select
import socket as _native
import time

from _board import call
from _os import release

_READABLE = const(0x19)  # POLLIN, and what a read would tell: POLLERR, POLLHUP
_WRITABLE = const(0x04)
_BROKEN = const(0x18)
_RESOLVER_MS = const(7000)  # lwIP asks four times, 1, 1, 2 and 3 s apart (dns.c)
_UNDER_WAY = (errno.EINPROGRESS, errno.ETIMEDOUT, errno.EALREADY, 106, errno.EBADF)  # 106: EISCONN

_Socket = _native.socket
_getaddrinfo = _native.getaddrinfo
_connect, _bind, _sendto = _Socket.connect, _Socket.bind, _Socket.sendto
_recvfrom, _accept, _setsockopt = _Socket.recvfrom, _Socket.accept, _Socket.setsockopt
_recv, _settimeout = _Socket.recv, _Socket.settimeout


def _raw(address):
    """The interpreter's own form of (host, port)."""
    host, port = address
    return _getaddrinfo(host or "0.0.0.0", port, 2, 1)[0][-1]


def _tuple(raw):
    return ("%d.%d.%d.%d" % (raw[4], raw[5], raw[6], raw[7]), raw[2] << 8 | raw[3])


def getaddrinfo(_host, _port, _af=0, _type=0, _proto=0, _flags=0):
    """One entry, IPv4: [(2, 1, 0, '', (address, port))]. Raises OSError(-2) for an unknown name, with no link too."""
    if _af not in (0, 2) or _type not in (0, 1) or _proto or _flags:
        print("Warning: unsupported getaddrinfo constraints")
    if not _host.replace(".", "").isdigit() and not call("link"):
        time.sleep_ms(_RESOLVER_MS)
        raise OSError(-2)
    try:
        return [(2, 1, 0, "", _tuple(_getaddrinfo(_host, _port, 2, 1)[0][-1]))]
    except OSError:
        raise OSError(-2)


def connect(self, _address):
    """Connect to (host, port). Raises OSError(EHOSTUNREACH) with no link; a refusal is a reset to lwIP, ECONNRESET.

    A socket that could not connect is closed: lwIP has taken back what it consists of.
    """
    raw = _raw(_address)
    if not call("link"):
        raise OSError(errno.EHOSTUNREACH)
    try:
        _connect(self, raw)
    except OSError as error:
        if error.errno == errno.ETIMEDOUT and release < (1, 24):
            raise OSError(errno.EINPROGRESS)
        if error.errno in _UNDER_WAY:
            raise error
        self.close()
        raise OSError(errno.ECONNRESET) if error.errno == errno.ECONNREFUSED else error


def bind(self, _address):
    """Bind to (host, port), also where this computer remembers connections of before the last reset."""
    _setsockopt(self, *_OPTIONS[4], 1)
    _bind(self, _raw(_address))


def sendto(self, _data, _address):
    """Send a datagram to (host, port)."""
    if not call("link"):
        raise OSError(errno.EHOSTUNREACH)
    return _sendto(self, _data, _raw(_address))


def settimeout(self, _value):
    """Seconds that calls may wait; 0: not at all, None: without end."""
    _settimeout(self, _value)


def setblocking(self, _flag):
    """Wait without end, or not at all: lwIP forgets a time-out here."""
    _settimeout(self, None if _flag else 0)


def recv(self, _size, _flags=0):
    """Receive bytes; flags: MSG_PEEK, MSG_DONTWAIT."""
    return _recv(self, _size, (_flags & 1) << 1 | (_flags & 2) << 5)


def recvfrom(self, _size):
    """A datagram and the (host, port) it came from."""
    data, raw = _recvfrom(self, _size)
    return data, _tuple(raw)


def accept(self):
    """A connection and the (host, port) it came from."""
    connection, raw = _accept(self)
    return connection, _tuple(raw)


# Option numbers of lwIP to levels and options of the interpreter's own stack.
_OPTIONS = {4: (1, 2), 32: (1, 6), 64: (6, 1), 1024: (0, 35), 1025: (0, 36)}


def setsockopt(self, _level, _option, _value):
    """Set an option of lwIP, which does not look at the level; one that it has not is only warned of.

    Option 20, a callback for what comes, is refused with OSError(EINVAL): the virtual board does not have it.
    """
    if _option == 20:
        raise OSError(errno.EINVAL)
    if _option in _OPTIONS:
        _setsockopt(self, *_OPTIONS[_option], _value)
    else:
        print("Warning: lwip.setsockopt() not implemented")


def select(_rlist, _wlist, _xlist, _timeout=None):
    """The objects of each list that are ready, within `timeout` seconds (None: without end)."""
    poller = _select.poll()
    for object in set(_rlist) | set(_wlist) | set(_xlist):
        poller.register(object, (object in _rlist) | (object in _wlist) << 2)
    ready = poller.poll(-1 if _timeout is None else int(_timeout * 1000))
    return tuple(
        [entry[0] for entry in ready if entry[1] & events and entry[0] in objects]
        for objects, events in ((_rlist, _READABLE), (_wlist, _WRITABLE), (_xlist, _BROKEN))
    )


def reset():
    """Start the stack anew: nothing to do."""


def callback():
    """Look after the stack: nothing to do."""
