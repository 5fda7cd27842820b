"""The connection to an MQTT broker, in which no call ever waits: requests with a deadline, pings, what comes in.

One request is under way at a time (`_wanted`); the broker's answer, or its absence, ends it. While a connection lasts,
_read() alone waits for the socket and _watch() keeps the deadlines. Numbers of sections are those of MQTT 3.1.1.
"""

import asyncio
import errno
import socket
import sys
from time import ticks_add, ticks_diff, ticks_ms, ticks_us

from micropython import const
from umqtt import simple

from node.mqtt import Inbox, Wire

_ANSWER_MS = const(5000)  # for the TCP connection, CONNACK, PUBACK and SUBACK each
_TICK_MS = const(1000)  # between two looks at the deadlines
_SPIN_US = const(300)  # a near broker answers within this, and looking for it is cheaper than being woken
_DRAIN_MS = const(10)  # before a socket that was full is tried again

# What a request waits for: Inbox.answer() of a packet, without its identifier; or the TCP connection.
_OPEN = const(1)
_CONNACK = const(0x200000)
_PUBACK = const(0x400000)
_SUBACK = const(0x900000)
_PINGRESP = const(0xD00000)


class Down(Exception):
    """There is no connection, or it was lost before the broker acknowledged the message."""


class Link:
    """The connection of `client`, umqtt's MQTTClient, whose packets it sends and whose `keepalive` it keeps.

    `joined()` says whether the network is there; `deliver(topic, payload, retained)` is called for each message. `lost`
    is why there is no connection, None while there is one, and then `over` is not set. `unanswered` says that it was
    lost because a PUBLISH or SUBSCRIBE was not acknowledged. `skipped` counts the messages that were too long.
    """

    def __init__(self, client, joined, deliver):
        self.lost = "not connected"
        self.over = asyncio.Event()
        self.unanswered = False
        self.skipped = 0
        self._client = client
        self._joined = joined
        self._deliver = deliver
        self._wire = client.sock = Wire()
        self._inbox = Inbox()
        client.set_callback(print)  # subscribe() insists on one; nothing calls it
        # Silence, the wait for PINGRESP and a tick for each make less than 1.5 times a keepalive of 5 s or more.
        self._quiet_ms = client.keepalive * 750 - _TICK_MS
        self._ping_ms = min(_ANSWER_MS, client.keepalive * 500)
        self._sock = None
        self._tasks = ()
        self._news = asyncio.Event()  # an answer came, or the connection is lost
        self._wanted = 0
        self._due = 0  # ticks_ms() from which the answer is overdue
        self._answered = 0  # ticks_ms() of the last answer: then the connection worked, both ways
        self._code = 0  # last byte of the last answer

    async def open(self, address, port):
        """Connect to `address` (dotted) and log in. Returns the code of CONNACK (0: welcome). Raises Down, OSError."""
        self._sock = socket.socket()
        self._sock.setblocking(False)
        try:
            self._sock.connect(socket.getaddrinfo(address, port)[0][-1])
        except OSError as e:
            if e.errno != errno.EINPROGRESS:
                raise
        self._wire.open(self._sock)
        self._inbox.open()
        self.lost = None
        self.unanswered = False
        self.over.clear()
        self._want(_OPEN, _ANSWER_MS)
        self._tasks = asyncio.create_task(self._read()), asyncio.create_task(self._watch())
        await self._until(_OPEN)
        simple.socket = self._wire  # umqtt's connect() makes its socket by this
        try:
            self._client.connect()
        except EOFError:
            pass
        finally:
            simple.socket = socket
        await self._request(_CONNACK)
        return self._code

    async def publish(self, topic, payload, qos, retain):
        """Send a message; return when it is acknowledged (QoS 1) or written (QoS 0). Raises Down."""
        await self._turn()
        client = self._client
        if client.pid == 0xFFFF:  # 2.3.1; umqtt would count on
            client.pid = 0
        try:
            client.publish(topic, payload, retain, qos)
        except EOFError:
            pass
        await self._request(_PUBACK | client.pid if qos else 0)

    async def subscribe(self, topic):
        """Ask for the messages of a filter, QoS 1. Returns whether the broker lets us. Raises Down."""
        await self._turn()
        try:
            self._client.subscribe(topic, 1)
        except EOFError:
            pass
        await self._request(_SUBACK | self._client.pid)
        return self._code != 0x80

    async def leave(self):
        """Send DISCONNECT, so that the broker publishes no last will. Raises Down."""
        await self._turn()
        self._client.disconnect()
        await self._request(0)

    def lose(self, why):
        """Note that the connection is lost: whoever waits for an answer hears of it. It still wants close()."""
        if not self.lost:
            self.lost = why
            self._wanted = 0
            self._news.set()
            self.over.set()

    def close(self):
        """Free what the connection holds."""
        self.lose("closed")
        for task in self._tasks:
            task.cancel()
        self._tasks = ()
        if self._sock:
            self._sock.close()
            self._sock = None

    async def _turn(self):
        """Let the other coroutines run once, then wait until no request is under way. Raises Down."""
        await asyncio.sleep_ms(0)
        while True:
            if self.lost:
                raise Down(self.lost)
            if not self._flush():
                await asyncio.sleep_ms(_DRAIN_MS)
            elif self._wanted:
                await self._hear()
            else:
                return

    async def _request(self, answer):
        """Send the packet that umqtt made, wait for its `answer` (0: none is wanted). Raises Down."""
        if answer:
            self._want(answer, _ANSWER_MS)
        while not self._flush():
            await asyncio.sleep_ms(_DRAIN_MS)
        if answer:
            start = ticks_us()
            while self._wanted == answer and ticks_diff(ticks_us(), start) < _SPIN_US:
                self._receive()
            await self._until(answer)
        elif self.lost:
            raise Down(self.lost)

    def _want(self, answer, ms):
        self._wanted = answer
        self._due = ticks_add(ticks_ms(), ms)

    async def _until(self, answer):
        while self._wanted == answer:
            await self._hear()
        if self.lost:
            raise Down(self.lost)

    async def _hear(self):
        self._news.clear()
        await self._news.wait()

    def _flush(self):
        """Write what is still to go out. False when the socket is full, and it must be tried again."""
        try:
            return self.lost or self._wire.flush()
        except OSError as e:
            self.lose(str(e))
            return True

    async def _read(self):
        """Wait until the connection is open, then until something comes, and take it in."""
        sock = self._sock
        try:
            yield asyncio.core._io_queue.queue_write(sock)
            self._take(_OPEN)
            while not self.lost:
                yield asyncio.core._io_queue.queue_read(sock)
                if self._flush():
                    self._receive()
                else:  # take in nothing that might want an acknowledgement while there is no room for it
                    await asyncio.sleep_ms(_DRAIN_MS)
        except Exception as e:
            self.lose(repr(e))
            raise

    async def _watch(self):
        """At each tick look at the deadline of the request; when there is none, ping after a silence."""
        try:
            while not self.lost:
                await asyncio.sleep_ms(_TICK_MS)
                self._flush()
                now = ticks_ms()
                if not self._joined():
                    self.lose("Wi-Fi lost")
                elif self._wanted:
                    if ticks_diff(now, self._due) >= 0:
                        self.unanswered = _PUBACK <= self._wanted < _PINGRESP
                        self.lose("no answer")
                elif ticks_diff(now, self._answered) >= self._quiet_ms:
                    self._want(_PINGRESP, self._ping_ms)
                    self._client.ping()
                    self._flush()
        except Exception as e:
            self.lose(repr(e))
            raise

    def _receive(self):
        """Read once, and take each packet that is complete. Never waits, never raises."""
        inbox = self._inbox
        try:
            if inbox.fill(self._sock):
                kind = inbox.next()
                while kind:
                    if kind & 0xF0 == 0x30:
                        self._message(kind)
                    else:
                        self._code = inbox.code()
                        self._take(inbox.answer(kind))
                    kind = inbox.next()
                self._wire.flush()
        except (OSError, ValueError, MemoryError) as e:
            self.lose(str(e))

    def _take(self, answer):
        """End the request that waits for this answer. One that nobody wants is late or sent twice: no harm."""
        if answer == self._wanted:
            self._wanted = 0
            self._answered = ticks_ms()
            self._news.set()

    def _message(self, kind):
        """Acknowledge a PUBLISH and hand it on."""
        topic, payload, pid = self._inbox.message(kind)
        if pid:
            self._wire.write(bytes((0x40, 2, pid >> 8, pid & 0xFF)))  # PUBACK; umqtt has no call for it
        if topic is None:
            self.skipped += 1
            return
        try:
            self._deliver(topic, payload, kind & 0x01)
        except Exception as e:
            sys.print_exception(e)
