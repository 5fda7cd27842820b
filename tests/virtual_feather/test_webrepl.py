"""WebREPL: a browser's client gets the prompt and files over a web socket (RFC 6455)."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
from typing import Self

import pytest
from boards import Console
from tcp import joined
from waits import LIMIT_S

_PORT = 8266
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY = 0x81, 0x82  # a whole message each
_PUT, _GET = 1, 2
_DONE = b"WB\0\0"


class _Client:
    """One web socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.create_connection((address, _PORT), LIMIT_S)
        self._stream = self._socket.makefile("rb")
        self.text = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def upgrade(self) -> None:
        key = base64.b64encode(os.urandom(16))
        head = b"GET / HTTP/1.1\r\nHost: board\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        self._socket.sendall(head + b"Sec-WebSocket-Key: %s\r\n\r\n" % key)
        lines = list(iter(self._stream.readline, b"\r\n"))
        accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
        assert lines[0].split()[1] == b"101" and b"Sec-WebSocket-Accept: %s\r\n" % accept in lines

    def send(self, data: bytes, kind: int = _TEXT) -> None:
        size = bytes((0x80 | len(data),)) if len(data) < 126 else bytes((0x80 | 126,)) + struct.pack("!H", len(data))
        self._socket.sendall(bytes((kind,)) + size + bytes(4) + data)  # masked with zeroes

    def receive(self, kind: int) -> bytes:
        """The next message of this kind; text before it is kept."""
        while True:
            found, size = self._stream.read(2)
            data = self._stream.read(struct.unpack("!H", self._stream.read(2))[0] if size == 126 else size)
            if found == _TEXT:
                self.text += data
            if found == kind:
                return data

    def read_until(self, end: bytes) -> bytes:
        while end not in self.text:
            self.receive(_TEXT)
        seen, _, self.text = self.text.partition(end)
        return seen

    def ask_for(self, kind: int, name: str, size: int = 0) -> None:
        self.send(struct.pack("<2sBBQLH64s", b"WA", kind, 0, 0, size, len(name), name.encode()), _BINARY)
        assert self.receive(_BINARY) == _DONE


def _started(board, console: Console) -> str:
    joined(console)
    said = console.run("import webrepl; webrepl.start(password='secret')")
    address = board.status()["address"]
    assert f"WebREPL server started on http://{address}:{_PORT}/" in said
    return address


def test_a_prompt_and_files(board):
    with board.console() as console, _Client(_started(board, console)) as client:
        client.upgrade()
        client.read_until(b"Password: ")
        client.send(b"secret\r")
        client.read_until(b"WebREPL connected\r\n>>> ")
        client.send(b"print(6 * 7)\r")
        assert client.read_until(b"42\r\n>>> ").endswith(b"print(6 * 7)\r\n")
        assert b"42" in console.read_until(b"42\r\n>>> "), "what is printed goes to both"
        content = os.urandom(750).hex().encode()
        client.ask_for(_PUT, "new.bin", len(content))
        for at in range(0, len(content), 1000):
            client.send(content[at : at + 1000], _BINARY)
        assert client.receive(_BINARY) == _DONE
        assert board.ctl("get", "new.bin") == content.decode()
        client.ask_for(_GET, "new.bin")
        got = b""
        client.send(b"\0", _BINARY)
        while piece := client.receive(_BINARY)[2:]:
            got += piece
            client.send(b"\0", _BINARY)
        assert (client.receive(_BINARY), got) == (_DONE, content)
        client.send(b"\x03\x03")
        assert console.type("1 + 1") == "2\n", "the serial path's prompt lives on"


@pytest.mark.parametrize("password", ["wrong", "secrets!"])
def test_a_wrong_password(board, password):
    with board.console() as console, _Client(_started(board, console)) as client:
        client.upgrade()
        client.read_until(b"Password: ")
        client.send(password.encode() + b"\r")
        client.read_until(b"Access denied\r\n")


def test_one_client_at_a_time(board):
    with board.console() as console, _Client(address := _started(board, console)) as first:
        first.upgrade()
        first.read_until(b"Password: ")
        with _Client(address) as second:
            second.upgrade()
            console.read_until(b"Concurrent WebREPL connection")
        console.prompt()
        console.run("webrepl.stop()")
    with pytest.raises(ConnectionError), _Client(address) as late:
        late.upgrade()


def test_a_browser_gets_the_page_that_loads_the_client(board):
    with board.console() as console:
        address = _started(board, console)
        with socket.create_connection((address, _PORT), LIMIT_S) as browser:
            browser.sendall(b"GET / HTTP/1.1\r\nHost: board\r\n\r\n")
            page = b"".join(iter(lambda: browser.recv(1000), b""))
    assert page.startswith(b"HTTP/1.0 200 OK\r\n\r\n<base href=") and b"webrepl_content.js" in page
