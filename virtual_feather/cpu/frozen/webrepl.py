"""webrepl: the prompt over a web socket. It needs a terminal that os.dupterm can add, which this board has not."""

listen_s = None
client_s = None
DEBUG = 0
static_host = "https://micropython.org/webrepl/"


def server_handshake(cl):
    """Answer a browser's request for a web socket: refused here."""
    return False


def send_html(cl):
    """Send the page that loads the client."""
    cl.send(b'HTTP/1.0 200 OK\r\n\r\n<base href="')
    cl.send(static_host)
    cl.send(b'"></base>\r\n<script src="webrepl_content.js"></script>\r\n')
    cl.close()


def setup_conn(port, accept_handler):
    """Listen."""
    raise OSError("WebREPL needs a second terminal, which this board does not have: use the serial path")


def accept_conn(listen_sock):
    """Take a connection."""
    client, _ = listen_sock.accept()
    send_html(client)
    return False


def stop():
    """Stop listening."""
    global listen_s, client_s
    for sock in (client_s, listen_s):
        if sock:
            sock.close()
    listen_s = client_s = None


def start(port=8266, password=None, accept_handler=accept_conn):
    """Listen for clients. Raises OSError, after saying what is not configured."""
    stop()
    if password is None:
        try:
            from webrepl_cfg import PASS  # noqa: F401
        except ImportError:
            print("WebREPL is not configured, run 'import webrepl_setup'")
    setup_conn(port, accept_handler)


def start_foreground(port=8266, password=None):
    """Listen and wait for a client."""
    start(port, password, None)
