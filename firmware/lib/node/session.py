"""The MQTT session: connects, announces the node, watches the connection, and connects again, for ever.

Nothing here holds the loop. One request is under way at a time; who made it looks for the answer itself, at first
without a break, for a broker that is near, then at every turn. Numbers of sections are those of MQTT 3.1.1.
"""

import asyncio
import errno
import socket
import sys
from os import urandom
from time import ticks_diff, ticks_ms, ticks_us

from micropython import const
from umqtt import simple

from node.faults import BROKER, PUBLISH, REFUSED
from node.mqtt import Wire

_ANSWER_MS = const(5000)  # how long an answer may take: CONNACK, the connection included, PUBACK, SUBACK, PINGRESP
_SPIN_US = const(300)
_STEP_MS = const(5)
_TICK_MS = const(200)  # between two looks at a connection with nothing under way
_PAUSE_MS = const(1000)  # shortest and
_PAUSE_MAX_MS = const(10000)  # longest time between two rounds of attempts
_STABLE = const(75)  # ticks after which a connection was a good one
_STOP_MS = const(800)

# What a request waits for: Wire.next() of a packet, without its identifier.
_CONNACK = const(0x200000)
_PUBACK = const(0x400000)
_SUBACK = const(0x900000)
_PINGRESP = const(0xD00000)
_OUT = const(1)  # no packet: only to be out

# By the return code of CONNACK (3.2.2.3). One string takes less heap than a tuple of them.
_REFUSALS = "|another version of MQTT|identifier rejected|server unavailable|bad user name or password|not authorized"


class Down(OSError):
    """There is no connection, or it was lost before the broker acknowledged the message."""


class Session:
    """The connection to the broker, as the rest of the node sees it.

    `mqtt` is that part of the settings, `client_id` a str, `mac` its twelve hex digits in bytes; `faults` is told what
    is wrong; `wifi` has joined() and dns(). `up` says whether publish() can work. `epoch` grows by one with each
    connection, `reconnects` with each but the first.

    `on_message(topic, payload)` gets the messages of `subscriptions` (filters), all in bytes. Retained ones are left
    out: a command of yesterday must not be carried out again at each connection.
    """

    def __init__(self, mqtt, client_id, mac, faults, wifi):
        self.up = False
        self.epoch = 0
        self.reconnects = 0
        self.on_message = None
        self.subscriptions = []
        servers = mqtt["server"]
        self._servers = servers if isinstance(servers, list) else [servers]
        self._server = 0  # whose turn it is
        self._mac = mac
        self._faults = faults
        self._wifi = wifi
        user = mqtt["user"]
        self._client = client = simple.MQTTClient(
            client_id.encode(),
            "",
            mqtt["port"],
            user.encode() if user else None,
            (mqtt["password"] or "").encode(),
            mqtt["keepalive_s"],
        )
        client.set_last_will(b"status/" + client.client_id, b"offline", True, 1)
        client.set_callback(print)  # subscribe() insists on one; nothing calls it
        self._wire = client.sock = Wire()
        self._wanted = 0  # answer that the request under way waits for
        self._answered = 0  # ticks_ms() of the last answer: then the connection worked, both ways
        self._return_code = 0  # its last byte
        self._lost = "not connected"  # why there is no connection
        self._code = BROKER  # the fault that this is
        self._pause_ms = _PAUSE_MS
        self._stopping = False

    async def publish(self, topic, payload, qos=1, retain=False):
        """Send a message; return when it is acknowledged (QoS 1) or written (QoS 0). Raises Down.

        `topic` is bytes, `payload` too, or if it is long any object that has a len() and yields its bytes in pieces.
        """
        if not self.up:
            raise Down(self._lost)
        await self._request(_PUBACK if qos else 0, self._client.publish, topic, payload, retain, qos)

    async def stop(self):
        """Say goodbye and close, within a second; run() then ends."""
        self._stopping = True
        for _ in range(_STOP_MS // _STEP_MS):
            if not self._wire.sock:
                break
            await asyncio.sleep_ms(_STEP_MS)
        self._close()

    async def run(self):
        """Keep the node connected until stop(): one turn of the loop for each attempt, and the connection it makes."""
        while not self._stopping:
            if not self._wifi.joined():
                await asyncio.sleep_ms(_TICK_MS)
                continue
            epoch = self.epoch
            try:
                await self._connect()
                await self._serve()
            except OSError as e:
                self._lose(str(e))
            finally:
                self._close()
            if self._stopping:
                return
            if self._wifi.joined():
                self._tell(self._code)
            if epoch == self.epoch:
                self._server = (self._server + 1) % len(self._servers)
            if epoch != self.epoch or self._server == 0:
                # At random, so that nodes that fell together come back apart.
                self._pause_ms = min(2 * self._pause_ms, _PAUSE_MAX_MS)
                more = int.from_bytes(urandom(2), "little") % (self._pause_ms - _PAUSE_MS + 1)
                await asyncio.sleep_ms(_PAUSE_MS + more)

    async def _connect(self):
        """Log in at the server whose turn it is, announce the node, subscribe, and let the others publish."""
        self._lost = None
        address = self._servers[self._server]
        if not is_address(address):
            from node import resolve  # not before it is needed: most have an address

            address = await resolve.address(address, self._wifi.dns())
        client = self._client
        sock = socket.socket()
        self._wire.open(sock)
        sock.setblocking(False)
        try:
            sock.connect(socket.getaddrinfo(address, client.port)[0][-1])
        except OSError as e:
            if e.errno != errno.EINPROGRESS:
                raise
        await self._request(_CONNACK, self._log_in)
        if self._return_code:
            code = self._return_code
            self._lose(_REFUSALS.split("|")[code] if code <= 5 else "refused, code %d" % code, REFUSED)
            raise Down
        await self._say(b"connect/", self._mac, False)
        await self._say(b"status/", b"online", True)
        for topic in self.subscriptions:
            await self._request(_SUBACK, client.subscribe, topic, 1)
            if self._return_code == 0x80:
                print("mqtt: the broker does not let us subscribe to", topic.decode())
        self._tell(None)
        self.reconnects = self.epoch
        self.epoch += 1
        self.up = True

    async def _serve(self):
        """Take in what comes, and ping after a silence, until stop() wants the goodbye said. Raises Down.

        Silence and the wait for the answer together are less than 1.5 times a keepalive of 5 s or more.
        """
        ticks = 0
        while not (self._lost or self._stopping):
            await asyncio.sleep_ms(_TICK_MS)
            ticks += 1
            if ticks == _STABLE:
                self._pause_ms = _PAUSE_MS
            if not self._wifi.joined():
                self._lose("Wi-Fi lost")
            elif not self._wanted:
                self._exchange()
                if ticks_diff(ticks_ms(), self._answered) >= 750 * self._client.keepalive:
                    await self._request(_PINGRESP, self._client.ping)
        if self._lost:
            raise Down
        self.up = False  # the others are not to publish any more
        await self._say(b"disconnect/", self._mac, False)
        await self._say(b"status/", b"offline", True)
        await self._request(0, self._client.disconnect)

    def _say(self, topic, payload, retain):
        client = self._client
        return self._request(_PUBACK, client.publish, topic + client.client_id, payload, retain, 1)

    def _log_in(self):
        simple.socket = self._wire  # where umqtt's connect() gets its socket
        try:
            self._client.connect()
        finally:
            simple.socket = socket

    async def _request(self, answer, make, *args):
        """Send the packet that umqtt's make(*args) writes; return when its `answer` is here (0: when it is out).

        Raises Down.
        """
        sock = self._wire.sock
        await asyncio.sleep_ms(0)  # however much there is to send, the others have their turn
        while self._wanted:
            await asyncio.sleep_ms(_STEP_MS)
        if self._lost or sock is not self._wire.sock:
            raise Down(self._lost)
        client = self._client
        pid = client.pid = client.pid % 0xFFFF  # 2.3.1; umqtt would count on
        try:
            make(*args)
        except EOFError:
            pass
        if client.pid != pid:  # umqtt has counted: the packet has an identifier
            answer |= answer and client.pid
        self._wanted = wanted = answer or _OUT
        began = ticks_ms()
        began_us = ticks_us()
        try:
            while wanted == self._wanted:
                if self._exchange() and not answer:
                    return
                if ticks_diff(ticks_us(), began_us) > _SPIN_US:
                    waited = ticks_diff(ticks_ms(), began)
                    if waited >= min(_ANSWER_MS, 500 * client.keepalive):
                        self._lose("no answer", PUBLISH if _PUBACK <= answer < _PINGRESP else BROKER)
                    else:
                        await asyncio.sleep_ms(min(waited, _STEP_MS))
        finally:
            if wanted == self._wanted:  # it is out, or we are cancelled
                self._wanted = 0
        if self._lost or sock is not self._wire.sock:
            raise Down(self._lost)

    def _exchange(self):
        """Write and read what can be written and read at once. True when nothing is left to write. Never raises."""
        wire = self._wire
        try:
            if not wire.flush():
                return False  # nothing is taken in for whose acknowledgement there is no room
            if wire.fill():
                answer = wire.next()
                while answer:
                    if answer >> 20 == 3:
                        self._take(answer & 0xFFFF)
                    elif answer == self._wanted:  # one that nobody wants is late, or sent twice
                        self._wanted = 0
                        self._answered = ticks_ms()
                        self._return_code = wire.code
                    answer = wire.next()
            return wire.flush()
        except (OSError, ValueError, MemoryError) as e:
            self._lose(str(e))

    def _take(self, pid):
        """Acknowledge a message, and hand it on."""
        if pid:
            self._wire.write(bytes((0x40, 2, pid >> 8, pid & 0xFF)))  # PUBACK; umqtt has no call for it
        message = self._wire.message
        if message and self.on_message and not message[2]:
            try:
                self.on_message(message[0], message[1])
            except Exception as e:
                sys.print_exception(e)

    def _lose(self, why, code=BROKER):
        """Note that there is no connection any more, and the fault that this is. run() closes it."""
        if not self._lost:
            self._lost = why
            self._code = code
            self.up = False
            self._wanted = 0

    def _close(self):
        self._lose("closed")
        if self._wire.sock:
            self._wire.sock.close()
            self._wire.open(None)

    def _tell(self, code):
        """Begin fault `code`, end the session's others."""
        for other in (REFUSED, BROKER, PUBLISH):
            if other == code:
                server = self._servers[self._server]
                self._faults.begin(code, "%s:%d: %s" % (server, self._client.port, self._lost))
            else:
                self._faults.clear(other)


def is_address(host):
    """Say whether `host` is a dotted IPv4 address."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
