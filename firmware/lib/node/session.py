"""The MQTT session: one coroutine sends all that the node publishes, one message at a time.

Readings, faults, statistics, answers. Nothing here blocks the event loop: the session polls for the broker's answer, at
first for 0.3 ms without a pause (a near broker), then with pauses of up to 5 ms. Section numbers are of MQTT 3.1.1.
"""

import asyncio
import sys
from time import ticks_diff, ticks_ms, ticks_us

from micropython import const

from node import drop, uptime, with_room
from node.packet_stream import PacketStream

_ANSWER_MS = const(5000)  # longest wait for an answer: CONNACK (with the connection), PUBACK, SUBACK, PINGRESP
_SPIN_US = const(300)
_STEP_MS = const(5)
_TICK_MS = const(200)  # between two reads of an idle connection
_STOP_MS = const(800)
# Jobs that need much heap on an image without ROMFS: no sensor is read while they run.
_LARGE = const(" command home_assistant ntp ")
_JOBS = const(20)  # Mosquitto sends at most 20 messages unacknowledged; more at once are ignored

# The answers to requests, as PacketStream.next() returns them, without the packet identifier.
_PUBACK = const(0x400000)
_PINGRESP = const(0xD00000)


class Session(PacketStream):
    """The connection to the broker, and all that goes over it.

    client      umqtt's, which writes its packets here
    announced   (topic, payload) of the first message of a connection; the payload is the MAC
    sta, outbox, sources, faults    the station interface, the readings to send, the sensors, the current faults
    settings    those of config.json that start.settings() picks
    reset_cause  why the board started
    state       "connecting", "up", "lost" (the connection, or the attempt to make one) or "stopping"
    jobs        the queue of jobs: (name of a module in jobs/, arguments of its run() ...).
                Any module may append one.

    jobs/connect.py sets server (index of the current server), pause_ms, up_at_s (uptime() of the connection, None
    before), reconnects and lost_by; jobs/stats.py fault_told (faults.version that the broker has) and stats_due_s;
    jobs/ntp.py clock_due_s (both in terms of uptime()); resolve.py addresses (by name); jobs/command.py stay_awake;
    update/receive.py update; sensors/__init__.py reads; deep_sleep.py silent.
    """

    def __init__(self, client, announced, sta, outbox, sources, faults, settings, reset_cause):
        PacketStream.__init__(self)
        client.sock = self
        self.client = client
        self.announced = announced
        self.sta = sta
        self.outbox = outbox
        self.sources = sources
        self.faults = faults
        self.settings = settings
        self.reset_cause = reset_cause
        self.jobs = []
        self.addresses = {}
        self.up_at_s = self.fault_told = None
        self.server = self.pause_ms = self.stats_due_s = self.clock_due_s = 0
        self.reconnects = -1
        self.update = None  # over the air, under way: see update/receive.py
        self.stay_awake = False  # a command keeps the node from deep sleep
        # On a battery the node connects only once there is something to send (deep_sleep.py).
        sleep = settings.get("sleep")
        self.silent = sleep and sleep["every_s"] and sleep["batch"] > 1
        self.works = self.reads = False  # a large job is under way, a sensor is being read: never both
        self.lost_by = self.fault = None  # why the latest connection was lost, and which fault that is
        self.state = "connecting"
        self.goodbye = True
        self._wanted = 0  # answer that the request under way waits for
        self._answered_at = 0  # ticks_ms() of the last answer, when the connection worked both ways

    def enter(self, state):
        """Begin a state; the last one is "stopping"."""
        if self.state != "stopping":
            self.state = state
        if state == "connecting":
            self.lost_by = None
            self.jobs.clear()  # messages of the previous connection, which can no longer be acknowledged
        elif state == "up":
            self.outbox.connected()

    def close(self, why=None, fault="broker"):
        """Close the connection, or give up the attempt. jobs/connect.py reports the reason `why` and the fault."""
        if not self.lost_by:  # the first reason counts
            self.lost_by = why or "lost"
            self.fault = fault
            self.enter("lost")
        self._wanted = 0
        self.outbox.close()
        if self.sock:
            self.sock.close()
            self.open(None)

    async def run(self):
        """Keep the node connected until stop()."""
        while self.state != "stopping":
            if self.silent:
                await asyncio.sleep_ms(_STEP_MS)
                continue
            try:
                await self._do("connect")
                await self._serve()
                await self._do("goodbye", self.goodbye)
            except OSError:
                if self.sock:  # the connection is open: the error came from writing a file
                    raise
            finally:
                self.close()
        # The caller of stop() ends the node, or puts it to sleep, before this ends.
        await asyncio.sleep_ms(_ANSWER_MS)

    async def stop(self, goodbye=True):
        """Close within a second, saying goodbye unless the node will soon be back; run() then ends."""
        self.enter("stopping")
        self.goodbye = goodbye
        for _ in range(_STOP_MS // _STEP_MS):
            if not self.sock:
                break
            await asyncio.sleep_ms(_STEP_MS)
        self.close()

    async def _serve(self):
        """Send what is waiting, and ping after a silence, until stop(). Raises OSError when the connection is lost.

        The silence and the wait for PINGRESP together stay below 1.5 times the keepalive, if that is 5 s or more.
        """
        while self.state != "stopping":
            if not self.sta.isconnected():
                self.close("Wi-Fi is lost")
                raise OSError(self.lost_by)
            if self.jobs:
                await self._do(*self.jobs.pop(0))
            elif self.has_news():
                await self._do("stats")
            elif self.settings["ntp"] and uptime() >= self.clock_due_s:
                await self._do("ntp")
            elif self.outbox.late:
                await self._do("late_readings")
            elif self.outbox.count:
                channel, value, _ = self.outbox.oldest()
                topic, _, number, retain = self.outbox.channels[channel]
                await self.publish(topic, (number % value).encode(), 1, retain)
                self.outbox.forget_oldest()
            elif ticks_diff(ticks_ms(), self._answered_at) >= 750 * self.client.keepalive:
                await self.request(_PINGRESP, self.client.ping)
            else:
                await asyncio.sleep_ms(_TICK_MS)
                self.exchange()
                if self.state == "lost":
                    raise OSError(self.lost_by)

    async def _do(self, name, *args):
        """Do a job: run(session, ...) of that module in jobs/. The module is dropped afterwards."""
        path = "node." + (name if "." in name else "jobs." + name)
        if " " + name + " " in _LARGE and "/rom" not in sys.path:
            while self.reads:
                await asyncio.sleep_ms(_STEP_MS)
            self.works = True
            drop()  # the modules that the reading has left
        try:
            await with_room(__import__, path)
            await sys.modules[path].run(self, *args)
        except MemoryError:
            if name != "home_assistant":
                raise
            self.give_up_announcing("too little memory")
        finally:
            self.works = False
            drop()

    def give_up_announcing(self, why):
        """Begin fault 5. The node goes on without Home Assistant: the next attempt would find no more room."""
        self.settings["homeassistant"] = None
        self.faults.begin("publish", why + " to announce the sensors to Home Assistant", "announce")

    def has_news(self):
        """Say whether a fault or the statistics must be published."""
        return self.fault_told != self.faults.version or uptime() >= self.stats_due_s

    def topic(self, name):
        """Return the topic name/<client_id>, in bytes."""
        return name + b"/" + self.client.client_id

    def reply(self, name, answer):
        """Publish the answer to the command `name`: await the result. Raises OSError."""
        return self.publish(self.topic(b"reply") + b"/" + name, answer.encode())

    def publish(self, topic, data, qos=1, retain=False):
        """Send a message: await the result. It ends when the message is acknowledged (QoS 1) or written (QoS 0).

        `topic` and `data` are bytes. Only the session's own coroutine, that is its jobs, may do so. Raises OSError.
        """
        return self.request(_PUBACK if qos else 0, self.client.publish, topic, data, retain, qos)

    async def request(self, answer, function, *args):
        """Send the packet that function(*args) writes; return when its `answer` has come (0: when it is sent).

        Raises OSError: the connection is lost.
        """
        await asyncio.sleep_ms(0)  # the other coroutines run, however much there is to send
        client = self.client
        pid = client.pid = client.pid % 0xFFFF  # 16 bits (2.3.1); umqtt counts beyond them
        try:
            function(*args)
        except EOFError:
            pass
        if client.pid != pid:  # umqtt has taken the next number: the packet has an identifier
            answer |= answer and client.pid
        self._wanted = answer
        began = ticks_ms()
        began_us = ticks_us()
        while self.sock:
            out = self.exchange()
            if not self._wanted and (answer or out):
                break
            if ticks_diff(ticks_us(), began_us) > _SPIN_US:
                waited = ticks_diff(ticks_ms(), began)
                if waited >= min(_ANSWER_MS, 500 * client.keepalive):
                    self.close("no answer", "publish" if _PUBACK <= answer < _PINGRESP else "broker")
                else:
                    await asyncio.sleep_ms(min(waited, _STEP_MS))
        if not self.sock:
            raise OSError(self.lost_by)

    def exchange(self):
        """Write and read what is possible without waiting. True when nothing is left to write. Never raises."""
        try:
            if not self.flush():
                return False  # read nothing while there is no room for its acknowledgement
            answer = self.next(True)
            while answer:
                if answer >> 20 == 3:
                    if self.message and len(self.jobs) < _JOBS:  # the job acknowledges it
                        self.jobs.append(("command",) + self.message + (answer & 0xFFFF,))
                    else:
                        self.acknowledge(answer & 0xFFFF)
                elif answer == self._wanted:  # any other answer is late, or sent twice
                    self._wanted = 0
                    self._answered_at = ticks_ms()
                answer = self.next(False)
            return self.flush()
        except (OSError, ValueError, MemoryError) as e:
            self.close(str(e))

    def acknowledge(self, pid):
        """Acknowledge the message of that identifier; 0 for a message without one (QoS 0)."""
        if pid:
            self.write(bytes((0x40, 2, pid >> 8, pid & 0xFF)))  # PUBACK; umqtt has no call for it
