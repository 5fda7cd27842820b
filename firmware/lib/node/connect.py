"""Makes the connection: the wait for Wi-Fi, the servers in turn, the log-in, the announcement. And the goodbye.

Not kept while the connection is up (node.load). Numbers of sections are those of MQTT 3.1.1.
"""

import asyncio
import errno
import os
import socket
from os import urandom

from micropython import const
from umqtt import simple

from node import load, shallow, uptime

_TICK_MS = const(200)
_SAVE_S = const(10)  # between two copies of the outbox: what a reset in an outage costs the age of a reading at most
_PAUSE_MS = const(1000)  # shortest and
_PAUSE_MAX_MS = const(10000)  # longest time between two rounds of attempts
_STABLE_S = const(15)  # a connection that lasted was a good one

# What a request waits for: Wire.next() of a packet, without its identifier.
_CONNACK = const(0x200000)
_SUBACK = const(0x900000)

# By the return code of CONNACK (3.2.2.3).
_REFUSALS = const(
    "|another version of MQTT|identifier rejected|server unavailable|bad user name or password|not authorized"
)


async def run(session):
    """Return when the session is up, or told to stop."""
    outbox = session.outbox
    outbox.live = outbox.leaving = False
    saved = uptime()
    while not session.stopping:
        if outbox.count and uptime() - saved >= _SAVE_S:
            outbox.save()
            saved = uptime()
        if session.fault:  # a connection or an attempt has failed
            session.close()
            if session.sta.isconnected():
                tell(session, session.fault)
            session.fault = None
            await asyncio.sleep_ms(_pause(session))
        elif not session.sta.isconnected():
            await asyncio.sleep_ms(_TICK_MS)
        else:
            try:
                await _connect(session)
                return
            except OSError as e:
                session.lose(str(e))


def _pause(session):
    """Return the ms to wait, at random so that nodes that fell together come back apart; 0 for the next server."""
    if session.up is None:
        session.server = (session.server + 1) % len(session.settings["server"])
        if session.server:
            return 0
    elif uptime() - session.up >= _STABLE_S:
        session.pause_ms = _PAUSE_MS
    session.up = None
    session.pause_ms = min(2 * max(session.pause_ms, _PAUSE_MS), _PAUSE_MAX_MS)
    return _PAUSE_MS + int.from_bytes(urandom(2), "little") % (session.pause_ms - _PAUSE_MS + 1)


async def _connect(session):
    """Log in at the server whose turn it is, announce the node, and subscribe. Raises OSError."""
    session.lost = None
    session.jobs.clear()  # messages of another connection, which nobody can acknowledge any more
    client = session.client
    address = await (await shallow(load, "resolve")).address(session.settings["server"][session.server], session)
    sock = socket.socket()
    session.open(sock)
    sock.setblocking(False)
    try:
        sock.connect(socket.getaddrinfo(address, client.port)[0][-1])
    except OSError as e:
        if e.errno != errno.EINPROGRESS:
            raise
    await session.request(_CONNACK, _log_in, session)
    if session.code:
        code = session.code
        session.lose(_REFUSALS.split("|")[code] if code <= 5 else "refused, code %d" % code, "refused")
        raise OSError
    await session.publish(b"connect/" + client.client_id, session.mac)
    topics = [b"cmd/" + client.client_id + b"/#"]
    names = os.listdir()
    if "new" in names or "update.back" in names:  # an update by air is on trial, or was
        session.jobs.append(("report",))
    if "set.answered" in names:
        session.jobs.append(("set",))
    if session.settings["homeassistant"]:
        topics.append(b"homeassistant/status")
    # Or to take it back; not at every awakening, for it is retained.
    if session.why != "deep sleep" and (session.settings["homeassistant"] or "announced" in names):
        session.jobs.append(("announce",))
    for topic in topics:
        await session.request(_SUBACK, client.subscribe, topic, 1)
        if session.code == 0x80:
            print("mqtt: the broker does not let us subscribe to", topic.decode())
    await session.publish(b"status/" + client.client_id, b"online", 1, True)  # from now on commands are heard
    tell(session, None)
    session.outbox.late = session.outbox.count  # all that was taken before this connection
    session.outbox.live = True
    session.told = None
    session.reconnects += 1
    session.up = uptime()


class _Plug:
    """For umqtt's connect() the module `socket` and the socket it makes, which are there and connected already."""

    def __init__(self, session):
        self.write = session.write
        self.read = session.read

    def socket(self, *_):
        return self

    connect = settimeout = setblocking = socket

    def getaddrinfo(self, *_):
        return ((None,),)


def _log_in(session):
    simple.socket = _Plug(session)
    try:
        session.client.connect()
    finally:
        simple.socket = socket
        session.client.sock = session


def tell(session, fault):
    """Begin `fault`, end the session's others."""
    for other in ("refused", "broker", "publish"):
        if other == fault:
            host = session.settings["server"][session.server]
            session.faults.begin(fault, "%s:%d: %s" % (host, session.client.port, session.lost))
        else:
            session.faults.clear(other)


async def leave(session):
    """Say that the node is going, and that this is no accident. Raises OSError."""
    if session.stopping == "goodbye":
        name = session.client.client_id
        await session.publish(b"disconnect/" + name, session.mac)
        await session.publish(b"status/" + name, b"offline", 1, True)
    await session.request(0, session.write, b"\xe0\0")
