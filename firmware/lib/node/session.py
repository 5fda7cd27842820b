"""The MQTT session while there is a connection; connect.py makes one.

One coroutine says all that the node says, one thing at a time: readings, faults, statistics, answers. Nothing here
holds the loop: it looks for the broker's answer itself, at first without a break, for one that is near, then at every
turn. Numbers of sections are those of MQTT 3.1.1.
"""

import asyncio
from time import ticks_diff, ticks_ms, ticks_us

from micropython import const

from node import load, shallow, uptime
from node.wire import Wire

_ANSWER_MS = const(5000)  # how long an answer may take: CONNACK, the connection included, PUBACK, SUBACK, PINGRESP
_SPIN_US = const(300)
_STEP_MS = const(5)
_TICK_MS = const(200)  # between two looks at a connection with nothing under way
_STOP_MS = const(800)
_JOBS = const(20)  # so many messages Mosquitto leaves unacknowledged; more at once are not heard

# What a request waits for: Wire.next() of a packet, without its identifier.
_PUBACK = const(0x400000)
_PINGRESP = const(0xD00000)


class Session(Wire):
    """The connection to the broker, and all that goes over it.

    `client` is umqtt's, which writes its packets here; `sta` the station interface, `outbox` what waits to be sent,
    `settings` those of config.json that jobs need. `lost` says why there is no connection, None while one is being made
    or is up. `jobs` are modules with a coroutine function run(session, ...) that says something, with its arguments.
    """

    def __init__(self, client, mac, sta, outbox, faults, settings, why):
        Wire.__init__(self)
        client.sock = self
        self.client = client
        self.mac = mac
        self.sta = sta
        self.outbox = outbox
        self.faults = faults
        self.settings = settings
        self.why = why  # the board started
        self.jobs = []
        self.addresses = {}  # of hosts by name, once known
        self.lost = "not connected"
        self.fault = None  # the one that this is; None: none yet
        self.up = None  # uptime() of the connection; None: not yet, or not any more
        self.server = 0  # of settings["server"], whose turn it is
        self.pause_ms = 0  # before the next attempt
        self.reconnects = -1
        self.told = None  # faults.version that the broker has
        self.due = 0  # uptime() of the next statistics
        self.clock_due = 0  # and of the next look at the time server
        self.stopping = False
        self.sources = []  # the sensors, for commands
        self.awake = False  # a command keeps the node from deep sleep
        self.announce = True  # to Home Assistant, if that is wanted: there is room for it
        self._wanted = 0  # answer that the request under way waits for
        self._answered = 0  # ticks_ms() of the last answer: then the connection worked, both ways

    async def run(self):
        """Keep the node connected until stop()."""
        while not self.stopping:
            try:
                await self._do("connect")
                await self._serve()
                await (await shallow(load, "connect")).leave(self)
            except OSError as e:
                self.lose(str(e))
            finally:
                self.close()
        # Whoever stopped it ends the node, or sends it to sleep, before this ends.
        await asyncio.sleep_ms(_ANSWER_MS)

    async def stop(self, goodbye=True):
        """Say goodbye and close, within a second; run() then ends. Without: the node will be back, and is not gone."""
        self.stopping = "goodbye" if goodbye else "sleep"
        for _ in range(_STOP_MS // _STEP_MS):
            if not self.sock:
                break
            await asyncio.sleep_ms(_STEP_MS)
        self.close()

    async def _serve(self):
        """Say what there is to say, and ping after a silence, until stop(). Raises OSError when the connection is lost.

        Silence and the wait for the answer together are less than 1.5 times a keepalive of 5 s or more.
        """
        while not self.stopping:
            if not self.sta.isconnected():
                raise OSError("Wi-Fi is lost")
            if self.jobs:
                job = self.jobs.pop(0)
                await self._do(*job)
            elif self.talks():
                await self._do("stats")
            elif self.settings["ntp"] and uptime() >= self.clock_due:
                await self._do("ntp")
            elif self.outbox.late:
                await self._do("late")
            elif self.outbox.count:
                channel, value, _ = self.outbox.take()
                topic, _, number, retain = self.outbox.channels[channel]
                await self.publish(topic, (number % value).encode(), 1, retain)
                self.outbox.done()
            elif ticks_diff(ticks_ms(), self._answered) >= 750 * self.client.keepalive:
                await self.request(_PINGRESP, self.client.ping)
            else:
                await asyncio.sleep_ms(_TICK_MS)
                self.exchange()
                if self.lost:
                    raise OSError(self.lost)

    async def _do(self, name, *args):
        """Do a job."""
        await (await shallow(load, name)).run(self, *args)

    def talks(self):
        """Say whether a fault or the statistics are to be told."""
        return self.told != self.faults.version or uptime() >= self.due

    def publish(self, topic, data, qos=1, retain=False):
        """Send a message: await it; done when it is acknowledged (QoS 1) or written (QoS 0). Raises OSError.

        `topic` and `data` are bytes. For this coroutine only: for connect.py and jobs.
        """
        return self.request(_PUBACK if qos else 0, self.client.publish, topic, data, retain, qos)

    async def request(self, answer, function, *args):
        """Send the packet that umqtt's function(*args) writes; return when its `answer` is here (0: when it is out).

        Raises OSError: the connection is lost.
        """
        await asyncio.sleep_ms(0)  # however much there is to send, the others have their turn
        client = self.client
        pid = client.pid = client.pid % 0xFFFF  # 2.3.1; umqtt would count on
        try:
            function(*args)
        except EOFError:
            pass
        if client.pid != pid:  # umqtt has counted: the packet has an identifier
            answer |= answer and client.pid
        self._wanted = answer
        began = ticks_ms()
        began_us = ticks_us()
        while not self.lost:
            out = self.exchange()
            if not self._wanted and (answer or out):
                break
            if ticks_diff(ticks_us(), began_us) > _SPIN_US:
                waited = ticks_diff(ticks_ms(), began)
                if waited >= min(_ANSWER_MS, 500 * client.keepalive):
                    self.lose("no answer", "publish" if _PUBACK <= answer < _PINGRESP else "broker")
                else:
                    await asyncio.sleep_ms(min(waited, _STEP_MS))
        if self.lost:
            raise OSError(self.lost)

    def exchange(self):
        """Write and read what can be written and read at once. True when nothing is left to write. Never raises."""
        try:
            if not self.flush():
                return False  # nothing is taken in for whose acknowledgement there is no room
            answer = self.next(True)
            while answer:
                if answer >> 20 == 3:
                    if self.message and len(self.jobs) < _JOBS:  # the job acknowledges it: so no more come than that
                        self.jobs.append(("command",) + self.message + (answer & 0xFFFF,))
                    else:
                        self.acknowledge(answer & 0xFFFF)
                elif answer == self._wanted:  # one that nobody wants is late, or sent twice
                    self._wanted = 0
                    self._answered = ticks_ms()
                answer = self.next(False)
            return self.flush()
        except (OSError, ValueError, MemoryError) as e:
            self.lose(str(e))

    def acknowledge(self, pid):
        """Acknowledge the message of that identifier; with 0 it has none."""
        if pid:
            self.write(bytes((0x40, 2, pid >> 8, pid & 0xFF)))  # PUBACK; umqtt has no call for it

    def lose(self, why, fault="broker"):
        """Note that there is no connection any more, and the fault that this is. connect.py closes it."""
        if not self.lost:
            self.lost = why or "lost"
            self.fault = fault
            self._wanted = 0

    def close(self):
        """Close the socket; there may be none."""
        self.lose(None)
        if self.sock:
            self.sock.close()
            self.open(None)
