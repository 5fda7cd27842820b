"""lwIP's sockets on the virtual Feather: their buffers, their timeouts and their errors."""

from __future__ import annotations

import contextlib
import socket
import time

from boards import Console
from tcp import free_port, joined, server
from waits import LIMIT_S, wait_for

__all__ = ["server"]


_ATTEMPT = """
import select, socket
def attempt(f, *a):
  try: r = f(*a)
  except OSError as e: r = -e.errno
  print(r)
"""


def _console_with_sockets(board) -> Console:
    console = board.console()
    joined(console)
    console.run(_ATTEMPT)
    return console


def test_a_connection_takes_what_lwip_has_room_for(board, server):
    connections: list[socket.socket] = []
    port = server(connections.append)
    with _console_with_sockets(board) as console:
        console.run(f"s = socket.socket()\ns.connect(('127.0.0.1', {port}))\ns.setblocking(False)\n")
        console.run("p = select.poll()\np.register(s, select.POLLOUT)\n")
        assert console.run("attempt(s.send, bytes(5000))") == "2920\n", "two segments"
        board.ctl("wifi", "off")
        time.sleep(0.2)
        assert console.run("print(len(p.poll(0)))\nattempt(s.write, b'x' * 1000)\nattempt(s.send, b'y' * 2000)") == (
            "1\n1000\n1920\n"
        )
        assert console.run("attempt(s.send, b'z')\nprint(p.poll(100))\nprint(s.write(b'z'))") == "-11\n[]\nNone\n"
        board.ctl("wifi", "on")
        received = b""
        connections[0].settimeout(LIMIT_S)
        while len(received) < 2 * 2920:
            received += connections[0].recv(5000)
        assert received == bytes(2920) + b"x" * 1000 + b"y" * 1920, "when the link is back"
        assert console.run("print(len(p.poll(1000)))\ns.setblocking(True)\nprint(s.write(b'w' * 3000))") == "1\n3000\n"


def test_a_peer_that_reads_nothing_fills_the_buffer(board):
    with socket.socket() as listener, _console_with_sockets(board) as console:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        console.run(f"s = socket.socket()\ns.connect(('127.0.0.1', {port}))\ns.settimeout(0.3)\n")
        peer, _ = listener.accept()
        sent = console.run(
            "n = 0\ntry:\n  while True: n += s.send(bytes(200))\nexcept OSError as e: print(e.errno, n)\n"
            "s.setblocking(False)\np = select.poll(); p.register(s, select.POLLOUT); print(p.poll(50))"
        ).split()
        assert sent[0] == "110" and sent[2] == "[]"
        peer.settimeout(LIMIT_S)
        got = len(peer.recv(100_000))
        while got < int(sent[1]):
            got += len(peer.recv(100_000))
        assert got == int(sent[1])
        assert console.run("print(len(p.poll(2000)))") == "1\n"
        peer.close()


def test_a_connect_that_takes_too_long(board):
    with socket.socket() as listener, socket.socket() as first, _console_with_sockets(board) as console:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        first.connect(listener.getsockname())  # the queue is full: further connections are not answered
        found = console.run(
            f"s = socket.socket(); s.settimeout(0.3)\nattempt(s.connect, ('127.0.0.1', {listener.getsockname()[1]}))"
        )
        assert found == "-110\n"
        begun = (
            f"s = socket.socket(); s.setblocking(False)\nattempt(s.connect, ('127.0.0.1', {listener.getsockname()[1]}))"
        )
        assert console.run(begun) == "-115\n"


def test_errors_of_connections_are_lwips(board, server):
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    port = server(reset)
    with _console_with_sockets(board) as console:
        refused = f"s = socket.socket()\nattempt(s.connect, ('127.0.0.1', {free_port()}))\nattempt(s.send, b'x')"
        assert console.run(refused) == "-104\n-104\n", "a refusal is a reset to lwIP"
        found = console.run(
            f"s = socket.socket()\ns.connect(('127.0.0.1', {port}))\nimport time; time.sleep_ms(200)\n"
            "attempt(s.recv, 1)\nattempt(s.send, b'x')"
        )
        assert found == "-104\n-9\n", "and then there is no such connection any more"
        later = f"s = socket.socket()\ns.setblocking(False)\nattempt(s.connect, ('127.0.0.1', {free_port()}))\n"
        later += "import select; p = select.poll(); p.register(s); p.poll()\nattempt(s.send, b'x')"
        connected, sent = console.run(later).split()
        assert connected in ("-115", "-104"), "under way, or refused before it could be said"
        assert sent == "-104"
        assert console.run("attempt(socket.socket().setsockopt, 6, socket.TCP_NODELAY, 1)") == "None\n"
        warned = console.run("attempt(socket.socket().setsockopt, socket.SOL_SOCKET, 3, 1)")
        assert warned == "Warning: lwip.setsockopt() not implemented\nNone\n"
        assert console.run("print(socket.getaddrinfo('127.0.0.1', 5, 0, socket.SOCK_DGRAM))") == (
            "Warning: unsupported getaddrinfo constraints\n[(2, 1, 0, '', ('127.0.0.1', 5))]\n"
        )


def test_a_board_that_reads_nothing_stops_its_peer(board, server):
    sent: list[int] = []

    def send(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.settimeout(0.5)
        count = 0
        with contextlib.suppress(TimeoutError):
            while True:
                count += connection.send(bytes(1000))
        sent.append(count)
        connection.close()

    port = server(send)
    with _console_with_sockets(board) as console:
        console.run(f"s = socket.socket()\ns.connect(('127.0.0.1', {port}))")
        wait_for(lambda: sent, "the end of what the peer can send")
        assert sent[0] < 40_000, "lwIP's window of 5,840, and what this computer's two sockets hold"
        console.run("n = 0\nwhile b := s.recv(1000): n += len(b)\n")
        assert console.run("print(n)") == f"{sent[0]}\n"


def test_sockets_before_the_network_is_joined(board):
    with board.console() as console:
        console.prompt()
        console.run(_ATTEMPT)
        assert console.run("attempt(socket.socket().connect, ('127.0.0.1', 1883))") == "-113\n", "no way to a host"
        console.run("u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)")
        assert console.run("attempt(u.sendto, b'x', ('127.0.0.1', 1883))") == "-113\n"
        console.run("l = socket.socket()\nl.bind(('', 8080))\nl.listen(1)")
        joined(console)
        with socket.create_connection((board.status()["address"], 8080), LIMIT_S):
            assert console.run("print(type(l.accept()[0]))") == "<class 'socket'>\n", "a server of before"


def test_no_memory_for_another_socket(board):
    with _console_with_sockets(board) as console:
        found = console.run(
            "full = []\ntry:\n  while True: full.append(socket.socket())\nexcept OSError as e: print(e.errno)\n"
            "for s in full: s.close()\nprint(type(socket.socket()))"
        )
        assert found == "12\n<class 'socket'>\n", "the SDK's heap is full, then it is not"
