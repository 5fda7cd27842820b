"""The MQTT session: connects, announces the node, and connects again, for ever."""

import asyncio
from os import urandom

from micropython import const
from umqtt.simple import MQTTClient

from node import clock, resolve
from node.faults import BROKER, PUBLISH, REFUSED
from node.link import Down, Link

_WIFI_MS = const(250)
_PAUSE_MS = const(1000)  # shortest and
_PAUSE_MAX_MS = const(10000)  # longest time between two rounds of attempts
_STABLE_S = const(15)  # a connection that lasts so long was a good one
_STOP_MS = const(800)
_STEP_MS = const(10)

_REFUSALS = (  # MQTT 3.1.1, 3.2.2.3
    "it speaks another version of MQTT",
    "identifier rejected",
    "server unavailable",
    "bad user name or password",
    "not authorized",
)


class Session:
    """The connection to the broker, as the rest of the node sees it.

    `mqtt` is that part of the settings, `client_id` a str, `mac` its twelve hex digits in bytes; `faults` is told what
    is wrong; `wifi` has joined() and dns(). `epoch` grows by one with each connection, `reconnects` with each but the
    first.

    `on_message(topic, payload)` gets the messages of `subscriptions` (filters), all in bytes. Retained ones are left
    out: a command of yesterday must not be carried out again at each connection.
    """

    def __init__(self, mqtt, client_id, mac, faults, wifi):
        self.epoch = 0
        self.reconnects = 0
        self.on_message = None
        self.subscriptions = []
        servers = mqtt["server"]
        self._servers = servers if isinstance(servers, list) else [servers]
        self._server = 0  # whose turn it is
        self._port = mqtt["port"]
        self._id = client_id.encode()
        self._mac = mac
        self._faults = faults
        self._wifi = wifi
        user = mqtt["user"]
        client = MQTTClient(
            self._id,
            "",
            self._port,
            user.encode() if user else None,
            (mqtt["password"] or "").encode(),
            mqtt["keepalive_s"],
        )
        client.set_last_will(b"status/" + self._id, b"offline", True, 1)
        self._link = Link(client, wifi.joined, self._deliver)
        self._announced = False
        self._code = BROKER  # the fault that a failure would be at this step
        self._pause_ms = _PAUSE_MS
        self._stopping = False

    @property
    def up(self):
        """Whether the node is announced and the connection has not been seen to fail."""
        return self._announced and not self._link.lost

    async def publish(self, topic, payload, qos=1, retain=False):
        """Send a message; return when it is acknowledged (QoS 1) or written (QoS 0). Raises Down.

        `topic` is bytes, `payload` too, or if it is long any object that has a len() and yields its bytes in pieces.
        """
        if not self.up:
            raise Down(self._link.lost)
        await self._link.publish(topic, payload, qos, retain)

    async def stop(self):
        """Say goodbye and close, within a second; run() then ends."""
        self._stopping = True
        self._link.over.set()
        for _ in range(_STOP_MS // _STEP_MS):
            if self._link.lost:
                break
            await asyncio.sleep_ms(_STEP_MS)
        self._link.close()

    async def run(self):
        """Keep the node connected until stop(): one turn of the loop for each attempt, and the connection it makes."""
        while True:
            while not self._wifi.joined():
                await asyncio.sleep_ms(_WIFI_MS)
            since = None
            try:
                await self._connect()
                await self._announce()
                since = clock.uptime()
                await self._serve()
            except (Down, OSError) as e:
                self._fail(str(e))
            finally:
                self._announced = False
                self._link.close()
            if self._stopping:
                return
            if since is None:
                self._server = (self._server + 1) % len(self._servers)
            elif clock.uptime() - since >= _STABLE_S:
                self._pause_ms = _PAUSE_MS
            if since is not None or self._server == 0:
                await self._pause()

    async def _connect(self):
        """Log in at the server whose turn it is."""
        self._code = BROKER
        address = await resolve.address(self._servers[self._server], self._wifi.dns())
        code = await self._link.open(address, self._port)
        if code:
            self._code = REFUSED
            raise Down(_REFUSALS[code - 1] if code <= len(_REFUSALS) else "return code %d" % code)

    async def _announce(self):
        """Say that the node is here, subscribe, and let the others publish."""
        self._code = PUBLISH
        await self._say(b"connect/", self._mac, False)
        await self._say(b"status/", b"online", True)
        for topic in self.subscriptions:
            if not await self._link.subscribe(topic):
                print("mqtt: the broker does not let us subscribe to", topic.decode())
        self._code = BROKER
        self._keep(None)
        self.reconnects = self.epoch
        self.epoch += 1
        self._announced = True

    async def _serve(self):
        """Stay until the connection is lost (raises Down), or stop() wants the goodbye said."""
        await self._link.over.wait()
        if not self._link.lost:
            self._announced = False  # nobody else publishes from here on
            await self._say(b"disconnect/", self._mac, False)
            await self._say(b"status/", b"offline", True)
            await self._link.leave()
        elif self._link.unanswered:
            self._code = PUBLISH
        raise Down(self._link.lost)

    async def _say(self, topic, payload, retain):
        await self._link.publish(topic + self._id, payload, 1, retain)

    async def _pause(self):
        """Wait 1 s, and up to twice the last limit, 10 s in all: nodes that fell together come back apart."""
        self._pause_ms = min(2 * self._pause_ms, _PAUSE_MAX_MS)
        random = int.from_bytes(urandom(2), "little")
        await asyncio.sleep_ms(_PAUSE_MS + random % (self._pause_ms - _PAUSE_MS + 1))

    def _fail(self, why):
        """Begin the fault that keeps the node from its broker, if it is one of the broker's."""
        if self._wifi.joined() and not self._stopping:
            self._faults.begin(self._code, "%s:%d: %s" % (self._servers[self._server], self._port, why))
            self._keep(self._code)

    def _keep(self, code):
        """Clear the session's faults, all but `code`."""
        for other in (REFUSED, BROKER, PUBLISH):
            if other != code:
                self._faults.clear(other)

    def _deliver(self, topic, payload, retained):
        if self.on_message and not retained:
            self.on_message(topic, payload)
