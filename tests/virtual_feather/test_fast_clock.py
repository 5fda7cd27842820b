"""A clock that skips idle time, and everything that must not be skipped."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from boards import Console, RunningBoard
from nodes import Broker

_HOUR = """
import asyncio, time
async def main():
    start = time.ticks_ms()
    for _ in range(60):
        await asyncio.sleep(60)
    print(time.ticks_diff(time.ticks_ms(), start))
asyncio.run(main())
"""


@pytest.fixture
def fast(boards: Callable[..., RunningBoard]) -> RunningBoard:
    return boards("feather", "--fast")


@pytest.fixture
def console(fast: RunningBoard) -> Iterator[Console]:
    with fast.console() as console:
        console.prompt()
        yield console


def _numbers(console: Console, code: str) -> list[int]:
    """The numbers that a program prints. Fails the test when a long time is not skipped."""
    return [int(word) for word in console.run(code).split()]


def test_an_hour_of_asyncio(console: Console) -> None:
    (ms,) = _numbers(console, _HOUR)
    assert 3_600_000 <= ms < 3_660_000


@pytest.mark.parametrize("sleep", ["time.sleep(3600)", "time.sleep_ms(3_600_000)", "asyncio.run(doze(3600))"])
def test_every_way_to_sleep(console: Console, sleep: str) -> None:
    code = f"""
import asyncio, time
async def doze(s):
    await asyncio.sleep(s)
start, epoch = time.ticks_ms(), time.time()
{sleep}
print(time.ticks_diff(time.ticks_ms(), start), time.time() - epoch)
"""
    ms, s = _numbers(console, code)
    assert 3_600_000 <= ms < 3_660_000 and 3600 <= s < 3660


@pytest.mark.parametrize(
    "sleep", ["time.sleep(600)", "asyncio.run(doze(600))", "for _ in range(600): time.sleep_ms(1000)"]
)
def test_no_callback_is_lost(console: Console, sleep: str) -> None:
    """Each callback runs at its own time, not at the end of the sleep."""
    code = f"""
import asyncio, time
from machine import Timer
async def doze(s):
    await asyncio.sleep(s)
rings = late = 0
def ring(_):
    global rings, late
    rings += 1
    late = max(late, time.ticks_diff(time.ticks_ms(), start) - 250 * rings)
timer = Timer(-1)
start = time.ticks_ms()
timer.init(period=250, callback=ring)
{sleep}
timer.deinit()
print(rings, late, time.ticks_diff(time.ticks_ms(), start))
"""
    rings, late_ms, ms = _numbers(console, code)
    assert rings >= 2399 and rings in (ms // 250, ms // 250 - 1), "a busy computer may make it a little longer"
    assert late_ms < 10_000, "late by what the computer was, not by the sleep"


def test_the_watchdog_bites_in_the_boards_own_time(console: Console) -> None:
    console.send(b"import machine, time; w = machine.WDT(); time.sleep(3600); print('survived')\r")
    seen = console.read_until(b'Type "help()" for more information.\r\n>>> ')
    assert b"\r\nsurvived" not in seen


def test_a_night_of_deep_sleep(console: Console, fast: RunningBoard) -> None:
    fast.ctl("wire", "gpio16", "on")
    console.send(b"import machine, time; t = time.time(); machine.RTC().memory(str(t).encode()); ")
    console.send(b"machine.deepsleep(3_600_000)\r")
    console.read_until(b'Type "help()" for more information.\r\n>>> ')
    asleep_s = int(console.type("import machine, time; time.time() - int(machine.RTC().memory())"))
    assert 3600 <= asleep_s < 3660


_JOIN = """
import network, time
w = network.WLAN()
w.active(True)
w.connect('home', 'key')
while not w.isconnected():
    time.sleep_ms(100)
print(0)
"""


def test_it_is_fast_with_and_without_a_network(console: Console, fast: RunningBoard) -> None:
    _numbers(console, _JOIN)
    _numbers(console, _HOUR)
    fast.ctl("wifi", "off")
    _numbers(console, _HOUR)


def test_the_light_changes_on_the_way(console: Console, fast: RunningBoard) -> None:
    """A day is two minutes of the board's clock: readings a minute apart are half a day apart."""
    fast.ctl("light", "day")
    code = """
import time
from machine import Pin, SoftI2C
i2c = SoftI2C(scl=Pin(5), sda=Pin(4))
i2c.writeto_mem(0x39, 0x80, b"\\x03")
for _ in range(8):
    time.sleep(15)
    print(int.from_bytes(i2c.readfrom_mem(0x39, 0xAC, 2), "little"))
"""
    counts = _numbers(console, code)
    assert max(counts) > 10_000 and min(counts) < 10


_A_DAY_OF_MESSAGES = """
import asyncio, network, time
from umqtt.simple import MQTTClient
w = network.WLAN()
w.active(True)
w.connect("home", "key")
while not w.isconnected():
    time.sleep_ms(100)
client = MQTTClient("fast", "127.0.0.1", {port}, keepalive=120)
client.connect()
start = time.ticks_ms()

async def ping():
    while True:
        await asyncio.sleep(60)
        client.ping()

async def hear():
    while True:
        yield asyncio.core._io_queue.queue_read(client.sock)
        client.check_msg()

async def main():
    asyncio.create_task(ping())
    asyncio.create_task(hear())
    for i in range(144):
        await asyncio.sleep(600)
        client.publish(b"day", b"%d" % i, qos=1)

asyncio.run(main())
print(time.ticks_diff(time.ticks_ms(), start) // 1000)
client.disconnect()
"""


def test_a_day_with_a_real_broker(console: Console, broker: Broker) -> None:
    """144 QoS 1 publications, each with its acknowledgement, and pings between them."""
    (seconds,) = _numbers(console, _A_DAY_OF_MESSAGES.format(port=broker.port))
    assert 86_400 <= seconds < 86_500
    last = broker.wait("day", want=lambda message: message.payload == "143")
    assert [m.payload for m in broker.messages if m.topic == "day"] == [str(i) for i in range(144)], last


_ASK = """
import select, socket
s = socket.socket()
s.connect(("127.0.0.1", {port}))
s.send(b"hello")
poller = select.poll()
poller.register(s, select.POLLIN)
print(len(poller.poll(10_000)))
"""


def test_a_busy_server_is_waited_for(console: Console) -> None:
    """The server answers after half a real second; meanwhile the board, which waits ten of its own, skips nothing."""
    _numbers(console, _JOIN)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                time.sleep(0.5)
                client.sendall(client.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        assert _numbers(console, _ASK.format(port=server.getsockname()[1])) == [1]
        thread.join()


def test_it_is_fast_for_as_long_as_ctl_says(boards: Callable[..., RunningBoard]) -> None:
    board = boards()
    with board.console() as console:
        console.prompt()
        real, began = time.monotonic(), board.clock
        console.send(b"import time; time.sleep(3600)\r")
        console.read_until(b"\n")
        time.sleep(0.3)
        assert board.clock - began <= time.monotonic() - real + 0.1
        board.skip(1000)
        skipped = board.clock - began
        assert 1000 <= skipped <= 1000 + time.monotonic() - real + 0.1
        assert console.read_for(0.3) == b"", "it still sleeps"
        board.ctl("clock", "fast")
        console.read_until(b">>> ")
    assert round(board.clock - began, 3) >= 3600  # whole milliseconds, as floats


def test_ctrl_c_and_the_prompt_work_as_ever(console: Console) -> None:
    console.run("import time")
    for _ in range(30):
        console.send(b"while True: time.sleep(1)\r\r")
        console.read_until(b"... \r\n")
        time.sleep(0.05)  # days of sleeps
        console.prompt()
        assert console.type("1 + 1") == "2\n"
