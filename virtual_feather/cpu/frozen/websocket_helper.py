"""websocket_helper: the opening handshake (RFC 6455, 4); of images up to v1.19."""

import binascii
import hashlib

DEBUG = 0

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _fields(stream):
    """The header lines that follow, as (name, value)."""
    while True:
        line = stream.readline()
        if not line:
            raise OSError("EOF in headers")
        if line == b"\r\n":
            return
        name, *value = line.split(b":", 1)
        yield name.strip(), b"".join(value).strip()


def server_handshake(sock):
    """Answer a client. Raises OSError when it asks for something else."""
    stream = sock.makefile("rwb", 0)
    stream.readline()
    key = None
    for name, value in _fields(stream):
        if name == b"Sec-WebSocket-Key":
            key = value
    if not key:
        raise OSError("Not a websocket request")
    accept = binascii.b2a_base64(hashlib.sha1(key + _GUID).digest())[:-1]
    sock.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
    sock.send(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")


def client_handshake(sock):
    """Ask a server, and read its answer."""
    stream = sock.makefile("rwb", 0)
    stream.write(b"GET / HTTP/1.1\r\nHost: echo.websocket.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
    stream.write(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
    stream.readline()
    for _ in _fields(stream):
        pass
