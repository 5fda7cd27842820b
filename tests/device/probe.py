"""A node without a board, for tests/session: outbox, publisher and session on MicroPython's Unix port.

The first line of standard input is a JSON object with `mqtt`, a part of the settings, and what `options` has.

Says "up N" at each connection, "fault C DETAIL" at each change. Obeys further lines: "report" prints a JSON
object, "every MS" puts a reading (0.00, 1.00, 2.00 ...) that often, "burst N" publishes N readings one after the other,
"joined 0|1" is the Wi-Fi, "long N" publishes N bytes in pieces, "stop" stops the session.
"""

# ruff: noqa: E402 (a clock that wraps must be in its place before anybody imports `time`)

import json
import sys


def wrapping_time(until_wrap_ms):
    """Put in place of `time` one whose ticks_ms() wraps at 2**30, as on the board, so many ms from now."""
    import time

    period = 1 << 30
    start = time.ticks_ms()

    class Time:
        def __getattr__(self, name):
            return getattr(time, name)

    wrapped = Time()
    wrapped.ticks_ms = lambda: (period - until_wrap_ms + time.ticks_diff(time.ticks_ms(), start)) % period
    wrapped.ticks_add = lambda ticks, delta: (ticks + delta) % period
    wrapped.ticks_diff = lambda a, b: (a - b + period // 2) % period - period // 2
    sys.modules["time"] = wrapped


options = {"id": "n1", "wrap_ms": None, "outbox": 64, "subscribe": [], "pauses": True, "joined": True}
options.update(json.loads(sys.stdin.readline()))
if options["wrap_ms"] is not None:
    wrapping_time(options["wrap_ms"])

import asyncio
import gc
import select
import time

from node import faults, session
from node.outbox import Outbox
from node.publisher import Publisher

ID = options["id"].encode()
CHANNELS = [(b"sensors/%s/lux" % ID, b"late/%s/lux" % ID, "%.2f", False)]


class Wifi:
    here = options["joined"]

    def joined(self):
        return self.here

    def dns(self):
        return "127.0.0.1"


class NoPauses:
    """In place of the session's asyncio: it comes back at once, for tests that break many connections."""

    def sleep_ms(self, ms):
        return asyncio.sleep_ms(0 if ms >= 1000 else ms)


class Pieces:
    """A payload that is never in memory as a whole."""

    def __init__(self, size):
        self._size = size

    def __len__(self):
        return self._size

    def __iter__(self):
        for start in range(0, self._size, 50):
            yield b"%049d." % start if self._size - start >= 50 else b"x" * (self._size - start)


class Probe:
    def __init__(self):
        self.faults = faults.Faults()
        self.wifi = Wifi()
        if not options["pauses"]:
            session.asyncio = NoPauses()
        self.session = session.Session(options["mqtt"], options["id"], b"5ccf7f0c095b", self.faults, self.wifi)
        self.session.subscriptions = [topic.encode() for topic in options["subscribe"]]
        self.session.on_message = self.message
        self.outbox = Outbox(options["outbox"], CHANNELS)
        self.publisher = Publisher(self.outbox, self.session, CHANNELS)
        self.count = 0
        self.every_ms = 0
        self.held_us = 0
        self.result = {}
        self.stopped = False

    def message(self, topic, payload):
        print("message", topic, payload)

    async def measure(self):
        """Find the longest time for which the loop was held by others."""
        last = time.ticks_us()
        while True:
            await asyncio.sleep_ms(0)
            now = time.ticks_us()
            self.held_us = max(self.held_us, time.ticks_diff(now, last))
            # Rest now and then: the broker, the relay and the test share the processors.
            await asyncio.sleep_ms(1)
            last = time.ticks_us()

    async def tell(self):
        epoch = 0
        version = 0
        while True:
            if self.session.up and self.session.epoch != epoch:
                epoch = self.session.epoch
                print("up", epoch)
            elif not self.session.up and epoch > 0:
                print("down after", self.session.epoch)
                epoch = -1
            if self.faults.version != version:
                version = self.faults.version
                print("fault", *(self.faults.current or (0, "")))
            await asyncio.sleep_ms(5)

    async def sample(self):
        while True:
            if self.every_ms:
                self.outbox.put(0, self.count)
                self.count += 1
            await asyncio.sleep_ms(self.every_ms or 20)

    async def burst(self, count):
        """Publish `count` readings one after the other, QoS 1."""
        self.held_us = 0
        start = time.ticks_us()
        for _ in range(count):
            await self.session.publish(CHANNELS[0][0], b"123.45")
        took = time.ticks_diff(time.ticks_us(), start)
        self.result = {"rate": count * 1000000 / took, "burst_held_us": self.held_us}
        print("burst done")

    async def long(self, size):
        await self.session.publish(b"long/%s" % ID, Pieces(size))
        print("long done")

    def report(self):
        gc.collect()
        answer = {
            "held_us": self.held_us,
            "up": self.session.up,
            "epoch": self.session.epoch,
            "put": self.count,
            "waiting": len(self.outbox),
            "dropped": self.outbox.dropped,
            "heap": gc.mem_alloc(),
        }
        answer.update(self.result)
        print("report", json.dumps(answer))
        self.held_us = 0

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
                asyncio.create_task(self.burst(number))
            elif verb == "long":
                asyncio.create_task(self.long(number))
            elif verb == "joined":
                self.wifi.here = bool(number)
            elif verb == "stop":
                start = time.ticks_ms()
                await self.session.stop()
                print("stopped", time.ticks_diff(time.ticks_ms(), start))

    async def main(self):
        for other in (self.measure, self.tell, self.sample, self.publisher.run):
            asyncio.create_task(other())
        asyncio.create_task(self.run())
        await self.obey()

    async def run(self):
        await self.session.run()
        print("run ended")


asyncio.run(Probe().main())
