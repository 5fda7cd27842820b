"""The serial path over TCP, with pyserial's own client: bytes, rates, reset lines, and clients that leave."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import serial
from waits import LIMIT_S

from virtual_feather.errors import UserError
from virtual_feather.reactor import Reactor
from virtual_feather.rfc2217_port import ResetLines, Rfc2217Port

_ALL_BYTES = bytes(range(256)) * 8


class Bridge:
    """A port in a loop of its own, and the bytes received through it."""

    def __init__(self) -> None:
        self.got = b""
        self.events: list[str] = []
        self._to_send: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self.reactor = Reactor()
        lines = ResetLines(lambda: self.events.append("hold"), lambda loader: self.events.append(f"start {loader}"))
        self.port = Rfc2217Port(self.reactor, 0, lines, self._receive, lambda: None)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.reactor.turn(0.01)
            while not self._to_send.empty():
                self.port.send(self._to_send.get())

    def send(self, data: bytes) -> None:
        """Make the board send."""
        self._to_send.put(data)

    def sent_all(self) -> bool:
        return self._to_send.empty()

    def _receive(self, data: bytes) -> float:
        self.got += data
        return 0.0

    def close(self) -> None:
        self._stopped.set()
        self._thread.join(LIMIT_S)
        self.port.close()
        self.reactor.close()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.port.path.rpartition(":")[2])

    def client(self, **options: object) -> serial.SerialBase:
        return serial.serial_for_url(self.port.path, **{"baudrate": 115200, "timeout": 5, **options})

    def wait(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, (self.got, self.events)
            time.sleep(0.005)


pytestmark = pytest.mark.filterwarnings("ignore:set:DeprecationWarning:serial.rfc2217")


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    bridge = Bridge()
    yield bridge
    bridge.close()


def test_every_byte_goes_both_ways(bridge: Bridge) -> None:
    with bridge.client() as client:
        client.write(_ALL_BYTES)
        bridge.wait(lambda: bridge.got == _ALL_BYTES)
        bridge.send(_ALL_BYTES)
        assert client.read(len(_ALL_BYTES)) == _ALL_BYTES


def test_the_rate_is_the_clients(bridge: Bridge) -> None:
    assert bridge.port.baud == 115200
    with bridge.client(baudrate=460800):
        bridge.wait(lambda: bridge.port.baud == 460800)


def test_esptools_reset_into_the_loader_and_out_of_it(bridge: Bridge) -> None:
    with bridge.client() as client:
        client.dtr, client.rts = False, False
        bridge.events.clear()
        client.dtr, client.rts = False, True  # EN low
        client.dtr, client.rts = True, False  # GPIO0 low, EN high
        bridge.wait(lambda: bridge.events == ["hold", "start True"])
        client.dtr, client.rts = False, True
        client.rts = False
        bridge.wait(lambda: bridge.events == ["hold", "start True", "hold", "start False"])


@pytest.mark.parametrize(
    ("steps", "events"),
    [
        ([(False, True), (False, False)], ["hold", "start False"]),
        ([(False, True), (True, True), (True, False)], ["hold", "start True"]),
        ([(True, True), (False, False)], []),  # a terminal opens and closes
        ([(True, True), (True, False), (False, False)], []),
        ([(True, False), (False, False)], []),
        ([(False, True), (False, True), (False, False)], ["hold", "start False"]),
    ],
)
def test_reset_lines(steps: list[tuple[bool, bool]], events: list[str]) -> None:
    seen: list[str] = []
    lines = ResetLines(lambda: seen.append("hold"), lambda loader: seen.append(f"start {loader}"))
    for dtr, rts in steps:
        lines.set(dtr, rts)
    assert seen == events


def test_a_client_killed_with_the_chip_in_reset_lets_it_go(bridge: Bridge) -> None:
    client = bridge.client()
    client.dtr, client.rts = False, False
    bridge.events.clear()
    client.rts = True
    bridge.wait(lambda: bridge.events == ["hold"])
    client._socket.shutdown(socket.SHUT_RDWR)  # without pyserial's close: as after a kill
    bridge.wait(lambda: bridge.events == ["hold", "start False"])
    with bridge.client() as successor:
        successor.write(b"still there")
        bridge.wait(lambda: bridge.got == b"still there")


def test_a_new_client_takes_the_place_of_the_old(bridge: Bridge) -> None:
    first = bridge.client()
    with bridge.client() as second:
        bridge.send(b"for you")
        assert second.read(7) == b"for you"
    first.close()


def test_one_that_talks_no_telnet_harms_nobody(bridge: Bridge) -> None:
    with socket.create_connection(bridge.address) as noise:
        noise.sendall(b"\xff\xfa\x2c\x01\xff\xf0" + b"\xff\xfa\xff\xf0" + b"\xff" * 50)
    with bridge.client() as client:
        client.write(b"hello")
        bridge.wait(lambda: bridge.got.endswith(b"hello"))


def test_one_that_does_not_read_does_not_stop_the_board(bridge: Bridge) -> None:
    with socket.create_connection(bridge.address) as deaf:
        for _ in range(200):
            bridge.send(bytes(65536))
        bridge.wait(bridge.sent_all)
        assert deaf.recv(1), "it was there all the time"


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        lines = ResetLines(lambda: None, lambda loader: None)
        with pytest.raises(UserError, match=f"TCP port {number} cannot be served"):
            Rfc2217Port(Reactor(), number, lines, lambda data: 0.0, lambda: None)
