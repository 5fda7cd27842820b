"""A node without a board, for tests/probes.py: outbox and session on MicroPython's Unix port.

The first line of standard input is a JSON object with `mqtt`, a part of the settings, and what `options` has.

Prints "up N" at each connection and "message ..." at each command; the node itself prints "fault C: DETAIL" and "no
fault". Further lines are commands: "report" prints a JSON object, "every MS" puts a reading (0.00, 1.00, 2.00 ...) that
often, "burst N" publishes N readings one after the other, "joined 0|1" sets whether Wi-Fi is joined, "long N" publishes
N bytes, "stop" stops the session. Not published: what comes from other modules than connect.py and late_readings.py
(faults, statistics, answers).
"""

# ruff: noqa: E402 (the clock must be in its place before anybody imports `time`)

import json
import sys


def board_time(until_wrap_ms):
    """Replace `time` by one that counts from 2000 and, if given, whose ticks_ms() wraps at 2**30 in `until_wrap_ms`."""
    import time

    period = 1 << 30
    start = time.ticks_ms()

    class Time:
        def __getattr__(self, name):
            return getattr(time, name)

    board = sys.modules["time"] = Time()
    board.time = lambda: time.time() - 946684800
    if until_wrap_ms is not None:
        board.ticks_ms = lambda: (period - until_wrap_ms + time.ticks_diff(time.ticks_ms(), start)) % period
        board.ticks_add = lambda ticks, delta: (ticks + delta) % period
        board.ticks_diff = lambda a, b: (a - b + period // 2) % period - period // 2


class Watched:
    """A TCP socket that notes the calls that would wait for the network, and so hold up the event loop."""

    waited = []  # names of such calls, of all sockets

    def __init__(self, sock):
        self._sock = sock
        self._waits = True

    def setblocking(self, waits):
        self._waits = waits
        self._sock.setblocking(waits)

    def __getattr__(self, name):
        if self._waits and name in ("connect", "read", "readinto", "write", "recv", "send"):
            self.waited.append(name)
        return getattr(self._sock, name)


def watch_sockets():
    """Replace `socket` by one whose TCP sockets are Watched."""
    import socket

    class Module:
        def __getattr__(self, name):
            return getattr(socket, name)

    watched = sys.modules["socket"] = Module()
    watched.socket = lambda *kind: socket.socket(*kind) if kind else Watched(socket.socket())


options = {"id": "n1", "wrap_ms": None, "outbox": 64, "pauses": True, "joined": True}
options.update(json.loads(sys.stdin.readline()))
board_time(options["wrap_ms"])
watch_sockets()

import asyncio
import gc
import select

from guarded import guarded
from umqtt.simple import MQTTClient

from node import faults, session
from node.outbox import Outbox

ID = options["id"].encode()
CHANNELS = [(b"sensors/%s/lux" % ID, b"late/%s/lux" % ID, "%.2f", False)]


class Station:
    """A stand-in for network.WLAN()."""

    here = options["joined"]

    def isconnected(self):
        return self.here

    def ifconfig(self):
        return "127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1"


class NoPauses:
    """Replaces connect.py's asyncio: pauses end at once, for tests that break many connections."""

    def sleep_ms(self, ms):
        return asyncio.sleep_ms(0 if ms >= 1000 else ms)


class Session(session.Session):
    """A session with the probe's own jobs, which publishes nothing of its own."""

    probe = None

    def enter(self, state):
        was_up = self.state == "up"
        session.Session.enter(self, state)
        if state == "up":
            print("up", self.reconnects + 1)
        elif was_up and state == "lost":
            print("down after", self.reconnects + 1)

    async def _do(self, name, *args):
        if name in ("burst", "long", "command"):
            await getattr(self.probe, name)(*args)
        else:
            if not options["pauses"]:
                from node.jobs import connect

                connect.asyncio = NoPauses()
            await session.Session._do(self, name, *args)

    def has_news(self):
        return False


def client(mqtt):
    """umqtt's client as main.py makes it."""
    made = MQTTClient(ID, "", mqtt["port"], mqtt["user"], mqtt["password"], mqtt["keepalive_s"])
    return made


def settings():
    server = options["mqtt"]["server"]
    return {"server": server if isinstance(server, list) else [server], "homeassistant": False, "ntp": None}


class Probe:
    def __init__(self):
        self.faults = faults.Faults()
        self.sta = Station()
        self.outbox = Outbox(options["outbox"], CHANNELS)
        announced = b"connect/" + ID, b"5ccf7f0c095b"
        self.session = Session(
            client(options["mqtt"]), announced, self.sta, self.outbox, [], self.faults, settings(), "power"
        )
        self.session.probe = self
        self.count = 0
        self.every_ms = self.turns = 0

    async def command(self, topic, payload, retained, pid):
        self.session.acknowledge(pid)
        if not retained:
            print("message", topic, payload)

    async def sample(self):
        while True:
            if self.every_ms:
                self.outbox.put(0, self.count)
                self.count += 1
            await asyncio.sleep_ms(self.every_ms or 20)

    async def burst(self, count):
        """Publish `count` readings one after the other, QoS 1, and count the turns of another coroutine meanwhile."""
        self.turns = 0
        self.bursting = True
        asyncio.create_task(self.turn())
        for _ in range(count):
            await self.session.publish(CHANNELS[0][0], b"123.45")
        self.bursting = False
        print("burst done")

    async def turn(self):
        while self.bursting:
            self.turns += 1
            await asyncio.sleep_ms(0)

    async def long(self, size):
        await self.session.publish(b"long/%s" % ID, bytes([48 + i % 75 for i in range(size)]))
        print("long done")

    def report(self):
        gc.collect()
        answer = {
            "waited": Watched.waited,
            "turns": self.turns,
            "up": self.session.state == "up",
            "epoch": self.session.reconnects + 1,
            "put": self.count,
            "waiting": self.outbox.count,
            "dropped": self.outbox.dropped,
            "heap": gc.mem_alloc(),
        }
        print("report", json.dumps(answer))

    async def obey(self):
        poller = select.poll()
        poller.register(sys.stdin, select.POLLIN)
        while True:
            while not poller.poll(0):
                await asyncio.sleep_ms(10)
            words = sys.stdin.readline().split()
            if not words:
                return
            verb = words[0]
            number = int(words[1]) if len(words) > 1 else 0
            if verb == "report":
                self.report()
            elif verb == "every":
                self.every_ms = number
            elif verb == "burst":
                self.session.jobs.append(("burst", number))
            elif verb == "long":
                self.session.jobs.append(("long", number))
            elif verb == "joined":
                self.sta.here = bool(number)
            elif verb == "stop":
                await self.session.stop()
                print("stopped")

    async def main(self):
        for other in (self.sample, self.run):
            asyncio.create_task(guarded(other()))
        await self.obey()

    async def run(self):
        await self.session.run()
        print("run ended")


asyncio.run(guarded(Probe().main()))
