"""Makes the connection: the wait for Wi-Fi, the servers in turn, the log-in, the announcement.

Section numbers are those of MQTT 3.1.1.
"""

import asyncio
import errno
import os
import socket
import struct
import sys
from os import urandom

from micropython import const

from node import uptime, with_room

_TICK_MS = const(200)
_SAVE_S = const(10)  # between two copies of the outbox: a reset in an outage makes an age wrong by no more than this
_PAUSE_MS = const(1000)  # shortest and
_PAUSE_MAX_MS = const(10000)  # longest time between two rounds of attempts
_STABLE_S = const(15)  # a connection that lasts so long counts as good

# The answers to requests, as PacketStream.next() returns them, without the packet identifier.
_CONNACK = const(0x200000)
_SUBACK = const(0x900000)

# By the return code of CONNACK (3.2.2.3).
_REFUSALS = const(
    "|another version of MQTT|identifier rejected|server unavailable|bad user name or password|not authorized"
)


async def run(session):
    """Return when the session is up, or is to stop."""
    outbox = session.outbox
    saved = uptime()
    while session.state != "stopping":
        if outbox.count and uptime() - saved >= _SAVE_S:
            outbox.save()
            saved = uptime()
        if session.state == "lost":
            if session.sta.isconnected():
                tell(session, session.fault)
            session.enter("connecting")
            await asyncio.sleep_ms(_pause(session))
        elif not session.sta.isconnected():
            await asyncio.sleep_ms(_TICK_MS)
        else:
            try:
                await connect(session)
                return
            except OSError as e:
                session.close(str(e))
                if session.lost_by == "closed by the broker":  # brokers of MQTT 3.1.1 do not say why
                    session.lost_by += " at the log-in: it must allow QoS 1 and retained messages"


def _pause(session):
    """Return the ms to wait: random, so that nodes do not all return at the same moment; 0 for the next server."""
    if session.up_at_s is None:
        session.server = (session.server + 1) % len(session.settings["server"])
        if session.server:
            return 0
    elif uptime() - session.up_at_s >= _STABLE_S:
        session.pause_ms = _PAUSE_MS
    session.up_at_s = None
    session.pause_ms = min(2 * max(session.pause_ms, _PAUSE_MS), _PAUSE_MAX_MS)
    return _PAUSE_MS + int.from_bytes(urandom(2), "little") % (session.pause_ms - _PAUSE_MS + 1)


def server(session):
    """Return (host, port) of the server whose turn it is."""
    words = ("%s:%d" % (session.settings["server"][session.server], session.client.port)).split(":")
    return words[0], int(words[1])


async def connect(session):
    """Log in at the server whose turn it is, announce the node, and subscribe. Raises OSError."""
    session.enter("connecting")
    client = session.client
    client.set_callback(print)  # subscribe() insists on one; nothing calls it
    client.set_last_will(session.topic(b"status"), b"offline", True, 1)
    address, port = server(session)
    parts = address.split(".")
    if len(parts) != 4 or not all([part.isdigit() and int(part) < 256 for part in parts]):  # a name
        await with_room(__import__, "node.resolve")
        from node import resolve

        address = await resolve.address(address, session)
    sock = socket.socket()
    session.open(sock)
    sock.setblocking(False)
    try:
        sock.connect(socket.getaddrinfo(address, port)[0][-1])
    except OSError as e:
        if e.errno != errno.EINPROGRESS:
            raise
    await session.request(_CONNACK, session.write, log_in(client))
    if session.code:
        code = session.code
        session.close(_REFUSALS.split("|")[code] if code <= 5 else "refused, code %d" % code, "refused")
        raise OSError
    await session.publish(*session.announced)
    names = os.listdir()
    if "trial" in sys.modules or "slot.why" in names:  # an update over the air is on trial, or was rolled back
        session.jobs.append(("update.receive",))
    if "set.answered" in names:
        session.jobs.append(("change_settings",))
    topics = [session.topic(b"cmd") + b"/#"]
    form = session.settings["homeassistant"]
    if form:
        topics.append(b"homeassistant/status")
    # To announce, or (False) to take that back. Not at every wake: the announcement is retained. None: not now.
    if session.reset_cause != "deep sleep" and form is not None and (form or "announced" in names):
        session.jobs.append(("home_assistant",))
    # RabbitMQ keeps a QoS 1 subscription on one node of a cluster: while that node is down, no other takes it over.
    qos = int(len(session.settings["server"]) == 1)
    for topic in topics:
        await session.request(_SUBACK, client.subscribe, topic, qos)
        if session.code == 0x80:
            print("mqtt: the broker does not let us subscribe to", topic.decode())
    await session.publish(session.topic(b"status"), b"online", 1, True)  # from now on commands are heard
    tell(session, None)
    session.fault_told = None
    session.reconnects += 1
    session.up_at_s = uptime()
    session.enter("up")


def log_in(client):
    """Return the packet CONNECT for that client: a clean session, its last will, its account if it has one (3.1).

    umqtt's connect() is not used: it makes a socket of its own and waits for it.
    """
    flags = 0x06 | client.lw_qos << 3 | client.lw_retain << 5  # clean session, a will
    texts = [client.client_id, client.lw_topic, client.lw_msg]
    if client.user is not None:
        flags |= 0xC0
        texts += [client.user.encode(), (client.pswd or "").encode()]
    body = b"\0\x04MQTT\x04" + struct.pack("!BH", flags, client.keepalive)
    for text in texts:
        body += struct.pack("!H", len(text)) + text
    size = len(body)  # below 16,384, even with the longest settings
    return bytes((0x10, size) if size < 0x80 else (0x10, size & 0x7F | 0x80, size >> 7)) + body


def tell(session, fault):
    """Begin `fault` (None: no fault), and end the session's other faults."""
    for other in ("refused", "broker", "publish"):
        if other == fault:
            session.faults.begin(fault, "%s:%d: %s" % (server(session) + (session.lost_by,)))
        else:
            session.faults.clear(other)
