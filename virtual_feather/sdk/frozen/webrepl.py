"""webrepl: the prompt over a web socket (RFC 6455), as its client in the browser and webrepl_cli.py speak it."""

import binascii
import os
import socket
import struct

import _webrepl
import network
import websocket

listen_s = None
client_s = None
DEBUG = 0
static_host = "https://micropython.org/webrepl/"

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_ACCEPT_HANDLER = 20  # the socket option: call when a client has come


def _sha1(data):
    """FIPS 180-4, 6.1; the image's hashlib has no SHA-1."""
    def rotate(x, n):
        return (x << n | x >> (32 - n)) & 0xFFFFFFFF
    h = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
    data += b"\x80" + bytes((55 - len(data)) % 64) + struct.pack(">Q", 8 * len(data))
    for at in range(0, len(data), 64):
        w = list(struct.unpack_from(">16I", data, at))
        a, b, c, d, e = h
        for t in range(80):
            if t >= 16:
                w.append(rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1))
            if t < 20:
                f, k = b & c | ~b & d, 0x5A827999
            elif 40 <= t < 60:
                f, k = b & c | b & d | c & d, 0x8F1BBCDC
            else:
                f, k = b ^ c ^ d, 0x6ED9EBA1 if t < 40 else 0xCA62C1D6
            a, b, c, d, e = (rotate(a, 5) + f + e + k + w[t]) & 0xFFFFFFFF, a, rotate(b, 30), c, d
        h = [(x + y) & 0xFFFFFFFF for x, y in zip(h, (a, b, c, d, e))]
    return struct.pack(">5I", *h)


def server_handshake(cl):
    """Answer a browser's request for a web socket. Whether it was one."""
    request = cl.makefile("rwb", 0)
    request.readline()
    key = None
    while True:
        line = request.readline()
        if not line:
            return False
        if line == b"\r\n":
            break
        if line.startswith(b"Sec-WebSocket-Key:"):
            key = line[18:].strip()
    if not key:
        return False
    accept = binascii.b2a_base64(_sha1(key + _GUID))[:-1]
    cl.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
    cl.send(accept + b"\r\n\r\n")
    return True


def send_html(cl):
    """Send the page that loads the client."""
    cl.send(b'HTTP/1.0 200 OK\r\n\r\n<base href="')
    cl.send(static_host)
    cl.send(b'"></base>\r\n<script src="webrepl_content.js"></script>\r\n')
    cl.close()


def setup_conn(port, accept_handler):
    """Listen; with a handler, in the background."""
    global listen_s
    listen_s = socket.socket()
    listen_s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listen_s.bind(socket.getaddrinfo("0.0.0.0", port)[0][-1])
    listen_s.listen(1)
    if accept_handler:
        listen_s.setsockopt(socket.SOL_SOCKET, _ACCEPT_HANDLER, accept_handler)
    for interface in (network.WLAN.IF_AP, network.WLAN.IF_STA):
        interface = network.WLAN(interface)
        if interface.active():
            print("WebREPL server started on http://%s:%d/" % (interface.ifconfig()[0], port))
    return listen_s


def accept_conn(listen_sock):
    """Take a connection: one client at a time."""
    global client_s
    client, address = listen_sock.accept()
    if not server_handshake(client):
        send_html(client)
        return False
    previous = os.dupterm(None)
    os.dupterm(previous)
    if previous:
        print("\nConcurrent WebREPL connection from", address, "rejected")
        client.close()
        return False
    print("\nWebREPL connection from:", address)
    client_s = client
    terminal = _webrepl._webrepl(websocket.websocket(client, True))
    client.setblocking(False)
    client.setsockopt(socket.SOL_SOCKET, _ACCEPT_HANDLER, os.dupterm_notify)
    os.dupterm(terminal)
    return True


def stop():
    """Stop listening."""
    global listen_s, client_s
    os.dupterm(None)
    for sock in (client_s, listen_s):
        if sock:
            sock.close()
    listen_s = client_s = None


def start(port=8266, password=None, accept_handler=accept_conn):
    """Listen for clients, in the background."""
    stop()
    if password is None:
        try:
            import webrepl_cfg
        except ImportError:
            print("WebREPL is not configured, run 'import webrepl_setup'")
            return
        password = webrepl_cfg.PASS
    _webrepl.password(password)
    listener = setup_conn(port, accept_handler)
    if accept_handler is None:
        while not accept_conn(listener):
            pass
    elif password:
        print("Started webrepl in normal mode")


def start_foreground(port=8266, password=None):
    """Listen and wait for a client."""
    start(port, password, None)
