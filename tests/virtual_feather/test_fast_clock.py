"""A clock that skips what nobody waits through, and everything that must not be skipped."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from boards import Console, RunningBoard
from nodes import Broker

pytestmark = pytest.mark.alone

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


def _timed(console: Console, code: str) -> tuple[list[int], float]:
    """The numbers that a program prints, and its real seconds."""
    began = time.monotonic()
    numbers = [int(word) for word in console.run(code, timeout=60).split()]
    return numbers, time.monotonic() - began


def test_an_hour_of_asyncio_in_under_a_second(console: Console) -> None:
    (ms,), real_s = _timed(console, _HOUR)
    print(f"fast clock: an hour of asyncio sleeps in {real_s:.2f} s")
    assert 3_600_000 <= ms < 3_601_000
    assert real_s < 1.0


@pytest.mark.parametrize("sleep", ["time.sleep(60)", "time.sleep_ms(60_000)", "asyncio.run(doze(60))"])
def test_every_way_to_sleep(console: Console, sleep: str) -> None:
    code = f"""
import asyncio, time
async def doze(s):
    await asyncio.sleep(s)
start, epoch = time.ticks_ms(), time.time()
{sleep}
print(time.ticks_diff(time.ticks_ms(), start), time.time() - epoch)
"""
    (ms, s), real_s = _timed(console, code)
    assert 60_000 <= ms < 60_500 and s in (60, 61)
    assert real_s < 1.0


@pytest.mark.parametrize(
    "sleep", ["time.sleep(600)", "asyncio.run(doze(600))", "for _ in range(600): time.sleep_ms(1000)"]
)
def test_no_callback_is_lost(console: Console, sleep: str) -> None:
    """Each ring finds the clock at its own time, not at the end of the sleep."""
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
    (rings, late_ms, ms), real_s = _timed(console, code)
    print(f"fast clock: {rings} timer rings in {real_s:.2f} s, the latest {late_ms} ms late")
    assert rings >= 2400 and rings in (ms // 250, ms // 250 - 1), "a busy computer may make it a little longer"
    assert late_ms < 1000, "late by what the computer was, not by the sleep"


def test_the_watchdog_bites_in_the_boards_own_time(console: Console) -> None:
    began = time.monotonic()
    console.send(b"import machine, time; w = machine.WDT(); time.sleep(60); print('survived')\r")
    seen = console.read_until(b'Type "help()" for more information.\r\n>>> ')
    assert b"\r\nsurvived" not in seen
    assert time.monotonic() - began < 2.0


def test_a_night_of_deep_sleep(console: Console, fast: RunningBoard) -> None:
    fast.ctl("wire", "gpio16", "on")
    began = time.monotonic()
    console.send(b"import machine, time; t = time.time(); machine.RTC().memory(str(t).encode()); ")
    console.send(b"machine.deepsleep(3_600_000)\r")
    console.read_until(b'Type "help()" for more information.\r\n>>> ')
    asleep_s = int(console.type("import machine, time; time.time() - int(machine.RTC().memory())"))
    assert 3600 <= asleep_s < 3610
    assert time.monotonic() - began < 3.0


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
    _timed(console, _JOIN)
    assert _timed(console, _HOUR)[1] < 1.0
    fast.ctl("wifi", "off")
    assert _timed(console, _HOUR)[1] < 1.5


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
    counts, real_s = _timed(console, code)
    assert max(counts) > 10_000 and min(counts) < 10
    assert real_s < 2.0


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
    (seconds,), real_s = _timed(console, _A_DAY_OF_MESSAGES.format(port=broker.port))
    print(f"fast clock: a day of QoS 1 in {real_s:.1f} s")
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
    """It reads and answers after half a second, which is no time for a board that waits ten of its own."""
    _timed(console, _JOIN)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                time.sleep(0.5)
                client.sendall(client.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        assert _timed(console, _ASK.format(port=server.getsockname()[1]))[0] == [1]
        thread.join()


def test_it_is_fast_for_as_long_as_ctl_says(boards: Callable[..., RunningBoard]) -> None:
    board = boards("feather", "--fast", "0")
    with board.console() as console:
        console.prompt()
        began, real = board.clock, time.monotonic()
        console.send(b"import time; time.sleep(3600)\r")
        console.read_until(b"\n")
        time.sleep(0.3)
        assert board.clock - began <= time.monotonic() - real + 0.1
        board.skip(1000)
        assert time.monotonic() - real < 2.0
        skipped = board.clock - began
        assert 1000 <= skipped <= 1000 + time.monotonic() - real + 0.1
        assert console.read_for(0.3) == b"", "it still sleeps"
        board.ctl("clock", "fast")
        console.read_until(b">>> ", 2)
    assert round(board.clock - began, 3) >= 3600  # whole milliseconds, as floats


def test_ctrl_c_and_the_prompt_are_as_quick_as_ever(console: Console) -> None:
    console.run("import time")
    longest_s = 0.0
    for _ in range(30):
        console.send(b"while True: time.sleep(1)\r\r")
        console.read_until(b"... \r\n")
        time.sleep(0.05)  # days of sleeps
        began = time.monotonic()
        console.prompt()
        assert console.type("1 + 1") == "2\n"
        longest_s = max(longest_s, time.monotonic() - began)
    print(f"fast clock: Ctrl-C and a line took {longest_s:.2f} s at most")
    assert longest_s < 1.0
