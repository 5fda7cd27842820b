"""webrepl: the prompt, and files, over a web socket (RFC 6455), one client at a time."""

import hashlib
import os
import socket
from binascii import b2a_base64

import _webrepl
import websocket

listen_s = None
client_s = None
DEBUG = 0
static_host = "https://micropython.org/webrepl/"

_CALLBACK = 20  # option of lwIP's sockets: called when something comes
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def server_handshake(cl):
    """Answer a browser's request for a web socket; return whether it was one."""
    stream = cl.makefile("rwb", 0)
    key = None
    upgrade = False
    stream.readline()
    while True:
        line = stream.readline()
        if not line:
            raise OSError("EOF in headers")
        if line == b"\r\n":
            break
        words = line.split(None, 1)
        name = words[0].lower()
        if name == b"sec-websocket-key:":
            key = words[1].strip()
        elif name == b"connection:":
            upgrade = b"upgrade" in words[1].lower()
    if not (key and upgrade):
        return False
    accept = b2a_base64(hashlib.sha1(key + _MAGIC).digest()).strip()
    cl.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
    )
    return True


def send_html(cl):
    """Send the page that loads the client."""
    cl.send(b'HTTP/1.0 200 OK\r\n\r\n<base href="')
    cl.send(static_host)
    cl.send(b'"></base>\r\n<script src="webrepl_content.js"></script>\r\n')
    cl.close()


def setup_conn(port, accept_handler):
    """Listen; return the socket. accept_handler(listener) is called for each client; None: no client is accepted."""
    global listen_s
    listen_s = socket.socket()
    listen_s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listen_s.bind(socket.getaddrinfo("0.0.0.0", port)[0][-1])
    listen_s.listen(1)
    if accept_handler:
        listen_s.setsockopt(socket.SOL_SOCKET, _CALLBACK, accept_handler)
    import network

    for kind in (network.WLAN.IF_AP, network.WLAN.IF_STA):
        interface = network.WLAN(kind)
        if interface.active():
            print("WebREPL server started on http://%s:%d/" % (interface.ifconfig()[0], port))
    return listen_s


def accept_conn(listen_sock):
    """Take a client, if there is none yet; return whether it gets the prompt."""
    global client_s
    cl, address = listen_sock.accept()
    if not server_handshake(cl):
        send_html(cl)
        return False
    other = os.dupterm(None)
    os.dupterm(other)
    if other:
        print("\nConcurrent WebREPL connection from", address, "rejected")
        cl.close()
        return False
    print("\nWebREPL connection from:", address)
    client_s = cl
    terminal = _webrepl._webrepl(websocket.websocket(cl, True))
    cl.setblocking(False)
    cl.setsockopt(socket.SOL_SOCKET, _CALLBACK, os.dupterm_notify)
    os.dupterm(terminal)
    return True


def stop():
    """End the client's connection, and stop listening."""
    global listen_s, client_s
    os.dupterm(None)
    for sock in (client_s, listen_s):
        if sock:
            sock.close()
    listen_s = client_s = None


def start(port=8266, password=None, accept_handler=accept_conn):
    """Listen for clients. The password is webrepl_cfg.PASS unless given."""
    stop()
    if password is None:
        try:
            from webrepl_cfg import PASS as password
        except ImportError:
            print("WebREPL is not configured, run 'import webrepl_setup'")
            return
    _webrepl.password(password)
    listener = setup_conn(port, accept_handler)
    if not accept_handler:
        while not accept_conn(listener):
            pass
    elif password:
        print("Started webrepl in normal mode")


def start_foreground(port=8266, password=None):
    """Listen and wait for a client."""
    start(port, password, None)
