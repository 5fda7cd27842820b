"""TCP servers for boards to connect to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest
from boards import Console


def joined(console: Console) -> None:
    """Join the network, from a friendly prompt or a running program."""
    console.prompt()
    console.run(
        "import network, time\nsta = network.WLAN(network.STA_IF)\nsta.active(True)\nsta.connect('home', 'secret')\n"
        "while not sta.isconnected(): time.sleep_ms(20)\n"
    )


class _Server:
    """A TCP server that takes one connection after the other and hands it to `serve`."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._serve = serve
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._serve(connection)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server():
    """serve(function) starts a server and returns its port."""
    servers: list[_Server] = []

    def start(serve: Callable[[socket.socket], None]) -> int:
        servers.append(_Server(serve))
        return servers[-1].port

    yield start
    for one in servers:
        one.close()


def free_port() -> int:
    """A port of this computer at which no program listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
