"""The gateway of the virtual Feather: what a board reaches, and what reaches the board."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from boards import Console
from tcp import joined, server
from waits import LIMIT_S, wait_for

__all__ = ["server"]

_SIZE = 500_000


@pytest.fixture
def console(board) -> Iterator[Console]:
    """A console of a board that has joined the network."""
    with board.console() as console:
        joined(console)
        console.run("import select, socket")
        yield console


def test_the_board_has_an_address_of_its_own_on_this_computer(console, board, server):
    peers: list[tuple[str, int]] = []
    port = server(lambda connection: (peers.append(connection.getpeername()), connection.close()))
    console.run(f"s = socket.socket(); s.connect(('127.0.0.1', {port})); s.recv(1)")
    status = board.status()
    mac = bytes.fromhex(status["mac"])
    assert status["address"] == f"127.{64 | mac[3] & 63}.{mac[4]}.{mac[5]}" == peers[0][0]
    assert console.run("print(sta.ifconfig())") == (
        f"('{status['address']}', '255.0.0.0', '{status['gateway']}', '{status['gateway']}')\n"
    )
    assert status["gateway"] == "127.0.0.1"


def test_nothing_but_this_computer_is_reached(console):
    found = console.run(
        "s = socket.socket(); s.settimeout(2)\ntry: s.connect(('192.0.2.1', 80))\nexcept OSError as e: print(e.errno)"
    )
    assert found == "110\n", "an absent host says nothing"


def test_with_a_network_more_than_this_computer_is_reached(boards):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: only finds the route
        here = probe.getsockname()[0]
    if here.startswith("127."):
        pytest.skip("this computer is in no network")
    code = "import socket; s = socket.socket(); s.settimeout(2)\n"
    code += "try: print(s.connect({}))\nexcept OSError as e: print(e.errno)"
    with socket.create_server((here, 0)) as listener:
        for options, expected in (((), "110\n"), (("--network",), "None\n")):
            with boards("b" + "".join(options), *options).console() as console:
                joined(console)
                assert console.run(code.format(listener.getsockname())) == expected


def test_names_of_this_computer(console):
    name = socket.gethostname()
    found = console.run(
        f"for name in ('localhost', '{name}', '{name.upper()}', 'broker.example'):\n"
        "  try: print(socket.getaddrinfo(name, 1883)[0][-1])\n"
        "  except OSError as e: print(e.errno)\n"
    )
    assert found == "('127.0.0.1', 1883)\n" * 3 + "-2\n"


# A one-shot query by multicast, and its answer (RFC 6762, 5.1).
_MDNS = """
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.settimeout(2)
def ask(name, port):
    query = b'\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + bytes([len(name)]) + name + b'\\5local\\0\\0\\1\\0\\1'
    u.sendto(query, ('224.0.0.251', port))
    reply, sender = u.recvfrom(300)
    print(reply[:2] == query[:2], reply[-4:], sender[0])
"""


def test_a_name_by_multicast(console):
    console.run(_MDNS)
    name = socket.gethostname().partition(".")[0]
    assert console.run(f"ask(b'{name}', 5353)") == "True b'\\x7f\\x00\\x00\\x01' 127.0.0.1\n"


def test_multicast_reaches_programs_on_this_computer(console, board):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as responder:
        responder.settimeout(LIMIT_S)
        group = socket.inet_aton("224.0.0.251") + socket.inet_aton("127.0.0.1")
        responder.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        responder.bind(("", 0))
        console.run(_MDNS)
        console.send(f"ask(b'printer', {responder.getsockname()[1]})\r".encode())
        query, asker = responder.recvfrom(300)
        assert asker[0] == board.status()["address"]
        responder.sendto(query + bytes((127, 1, 2, 3)), asker)
        assert b"True b'\\x7f\\x01\\x02\\x03' 127.0.0.1" in console.read_until(b">>> ")


def test_datagrams_both_ways(console, board):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.settimeout(LIMIT_S)
        other.bind(("127.0.0.1", 0))
        here = other.getsockname()
        console.run(
            "u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('', 5683)); u.settimeout(5)\n"
            f"u.sendto(bytes(1472), {here})"
        )
        data, sender = other.recvfrom(2000)
        assert (len(data), sender) == (1472, (board.status()["address"], 5683))
        other.sendto(b"pong", sender)
        assert console.run("print(u.recvfrom(10))") == f"(b'pong', {here})\n"
        console.run("v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); v.bind(('', 5684)); v.settimeout(5)")
        other.sendto(b"first", (sender[0], 5684))
        assert console.run("print(v.recvfrom(10))") == f"(b'first', {here})\n", "a server that has said nothing yet"


def test_ping(console):
    reply = console.run(
        "r = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); r.settimeout(2)\n"
        "r.sendto(b'\\x08\\0' + b'\\x75\\xce' + b'\\1\\2\\0\\1' + b'\\x81\\x2e', ('127.0.0.1', 1))\n"
        "print(r.recv(100)[20:])\n"
    )
    assert reply == "b'\\x00\\x00}\\xce\\x01\\x02\\x00\\x01\\x81.'\n"


def _bytes(seed: int) -> bytes:
    return hashlib.shake_128(bytes([seed])).digest(_SIZE)


def test_bulk_comes_whole_both_ways(console, server):
    sums: list[str] = []

    def exchange(connection: socket.socket) -> None:
        connection.sendall(_bytes(1))
        taken = b""
        while piece := connection.recv(65536):
            taken += piece
        sums.append(hashlib.sha256(taken).hexdigest())
        connection.sendall(b"done")  # the board has closed only its half
        connection.close()

    port = server(exchange)
    found = console.run(
        "import hashlib\n"
        f"s = socket.socket(); s.connect(('127.0.0.1', {port}))\n"
        f"h, n, b = hashlib.sha256(), 0, bytearray(1000)\n"
        f"while n < {_SIZE}:\n  k = s.readinto(b); h.update(memoryview(b)[:k]); n += k\n"
        "print(h.digest().hex())\n"
        f"h, n = hashlib.sha256(), 0\n"
        f"while n < {_SIZE}:\n  s.write(b); h.update(b); n += 1000\n"
        "print(h.digest().hex())\n"
        "s.close()\n",
    ).split()
    assert found[0] == hashlib.sha256(_bytes(1)).hexdigest()
    assert wait_for(lambda: sums, "the end of what the board sends") == [found[1]]


def test_bulk_outlives_a_lost_link(console, board, server):
    """Both sides send again what is lost while Wi-Fi is off."""
    halfway, on = threading.Event(), threading.Event()
    sums: list[bytes] = []

    def exchange(connection: socket.socket) -> None:
        taken = b""
        while len(taken) < _SIZE and (piece := connection.recv(65536)):
            taken += piece
            if len(taken) > _SIZE // 4 and not halfway.is_set():
                halfway.set()
                on.wait(LIMIT_S)
        sums.append(hashlib.sha256(taken).digest())
        connection.sendall(_bytes(2))
        connection.close()

    port = server(exchange)
    console.run(f"s = socket.socket(); s.connect(('127.0.0.1', {port})); b = bytes(range(250)) * 2; n = 0")
    console.send(f"exec('while n < {_SIZE}: n += s.write(b)'); print('wri' 'tten')\r".encode())
    assert halfway.wait(LIMIT_S)
    board.ctl("wifi", "off")
    on.set()
    board.ctl("wifi", "on")
    console.read_until(b"\r\nwritten\r\n>>> ")
    found = console.run(
        "import hashlib; h = hashlib.sha256()\nwhile b := s.recv(1000): h.update(b)\nprint(h.digest().hex())\n",
    )
    assert found == hashlib.sha256(_bytes(2)).hexdigest() + "\n"
    assert sums == [hashlib.sha256(bytes(range(250)) * (_SIZE // 250)).digest()]


def test_a_server_on_the_board(console, board):
    console.run("l = socket.socket(); l.bind(('', 8080)); l.listen(1)")
    status = board.status()
    assert status["servers"] == {"8080": 8080}
    with socket.create_connection((status["address"], 8080), LIMIT_S) as client:
        found = console.run("c, peer = l.accept(); c.settimeout(5); c.send(b'hello'); print(peer)")
        assert found == f"{client.getsockname()}\n"
        assert client.recv(10) == b"hello"
        client.sendall(b"bye")
        client.shutdown(socket.SHUT_WR)
        assert console.run("print(c.recv(10), c.recv(10)); c.send(b'last'); c.close()") == "b'bye' b''\n"
        assert client.recv(10) == b"last"
        assert client.recv(10) == b""
    console.run("l.close()")
    with pytest.raises(ConnectionError), socket.create_connection((status["address"], 8080), LIMIT_S) as client:
        client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((status["address"], 8080), LIMIT_S)


def test_two_boards_and_one_port(boards):
    """Each board has its own address: both servers have the port that the program chose, and one reaches the other."""
    first, second = boards("first"), boards("second")
    with first.console() as one, second.console() as two:
        for console in (one, two):
            joined(console)
            console.run("import socket; l = socket.socket(); l.bind(('', 8266)); l.listen(1)")
        one.run(f"s = socket.socket(); s.connect(('{second.status()['address']}', 8266)); s.send(b'hi')")
        found = two.run("c, peer = l.accept(); print(c.recv(2), peer[0])")
        assert found == f"b'hi' {first.status()['address']}\n"


def test_a_reset_of_the_board_breaks_its_connections(board, server):
    """The other side is not told: it finds out when it sends (RFC 9293, 3.5.1)."""
    connections: list[socket.socket] = []
    port = server(connections.append)
    with board.console() as console:
        joined(console)
        console.run(f"import socket; s = socket.socket(); s.connect(('127.0.0.1', {port})); s.send(b'x')")
    with wait_for(lambda: connections, "the connection")[0] as peer:
        peer.settimeout(LIMIT_S)
        assert peer.recv(1) == b"x"
        board.ctl("reset")
        with board.console() as console:
            joined(console)
        peer.sendall(b"who is there?")
        with pytest.raises(ConnectionResetError):
            peer.recv(1)


def test_a_peer_that_breaks_off(console, server):
    def broken(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    found = console.run(
        f"s = socket.socket(); s.connect(('127.0.0.1', {server(broken)})); s.settimeout(5); s.send(b'x')\n"
        "try: print(s.recv(1))\nexcept OSError as e: print(e.errno)"
    )
    assert found == "104\n"
