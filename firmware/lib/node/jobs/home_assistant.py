"""Announces the node to Home Assistant (MQTT discovery), or takes the announcement back. A job of the session.

The file `announced` lists what was announced, so that a sensor that leaves the settings leaves Home Assistant too.
The file `entities`, made by entities.py, has what is to be announced; it is sent piece by piece.
"""

import asyncio
import os

from micropython import const

_ENTITIES = const("entities")  # entities.py describes its lines
_FILE = const("announced")  # lines: topics, and "platform object" of each entity in the device's configuration
_PUBACK = const(0x400000)
_PART = const(128)  # bytes that are sent at once: for more packet_stream.py would need a longer buffer
_STEP_MS = const(5)
_PATIENCE = const(1000)  # steps
_REST_MS = const(500)  # for Home Assistant, to remove entities


async def run(session):
    """Announce, or take back what was announced. Raises OSError.

    If the heap or the file system has no room for it, fault 5 begins and the node goes on without Home Assistant.
    """
    try:
        await announce(session, session.settings["homeassistant"])
    except MemoryError:
        session.give_up_announcing("too little memory")
        session.close()  # in the middle of a packet, perhaps
        raise OSError
    except OSError:
        if not session.sock:
            raise
        session.give_up_announcing("no room in the file system")


async def announce(session, form):
    """Publish the configuration of every entity, and an empty one for those that are gone. Raises OSError."""
    gone = _lines(_FILE)
    # First the file gets the new lines beside the old ones: nothing is forgotten if the power fails in between.
    if form:
        with open(_FILE, "ab") as f:
            for key in _lines(_ENTITIES)[1:]:
                if key in gone:
                    gone.remove(key)
                else:
                    f.write(key + b"\n")
    # An entity must be removed before another form adds it: Home Assistant refuses a second one with its unique_id.
    rest_ms = 0
    for key in gone:
        if b" " not in key:
            await session.publish(key, b"", 1, True)
            rest_ms = _REST_MS
    await asyncio.sleep_ms(rest_ms)
    if form:
        await _send(session, _tail(gone) if form is True else b"")
        if gone:
            with open(_FILE, "wb") as f:
                for key in _lines(_ENTITIES)[1:]:
                    f.write(key + b"\n")
    else:
        for file in (_FILE, _ENTITIES):
            if file in os.listdir():
                os.remove(file)


def _lines(name):
    """Return the lines of a file, in bytes, up to the first empty one."""
    lines = []
    try:
        with open(name, "rb") as f:
            while True:
                line = f.readline().rstrip()
                if not line:
                    break
                lines.append(line)
    except OSError:  # there is no such file
        pass
    return lines


def _tail(gone):
    """Return the end of the device's configuration, in which an entity with only a platform is one to remove."""
    tail = b""
    for key in gone:
        if b" " in key:
            platform, thing = key.split(b" ")
            tail += b',"' + thing + b'":{"p":"' + platform + b'"}'
    return tail + b"}}"


async def _send(session, tail):
    """Publish the messages in the file of entities, each followed by `tail`. Raises OSError."""
    with open(_ENTITIES, "rb") as f:
        while f.readline() > b"\n":  # the lines that _lines() returns
            pass
        while True:
            head = f.readline().split(b" ")
            if len(head) < 2:
                break
            await _publish(session, head[0], f, int(head[1]), tail)


async def _publish(session, topic, file, size, tail):
    """Publish, retained and with QoS 1, `size` bytes of the file, and `tail`. Raises OSError."""
    client = session.client
    pid = client.pid % 0xFFFF + 1
    rest = 4 + len(topic) + size + len(tail)
    head = bytearray(b"\x33")  # PUBLISH, QoS 1, retained (3.3.1)
    while rest > 0x7F:
        head.append(rest & 0x7F | 0x80)
        rest >>= 7
    head.append(rest)
    await _out(session, head + bytes((len(topic) >> 8, len(topic) & 0xFF)) + topic + bytes((pid >> 8, pid & 0xFF)))
    while size > 0:
        await _out(session, file.read(min(size, _PART)))
        size -= _PART
    await _out(session, tail)

    def count():
        client.pid = pid

    await session.request(_PUBACK, count)


async def _out(session, data):
    """Send a part of a packet. Raises OSError.

    Not by session.exchange(): that reads too, and would write an acknowledgement into the middle of this packet.
    """
    session.write(data)
    for _ in range(_PATIENCE):
        await asyncio.sleep_ms(0)
        try:
            if session.flush():
                return
        except OSError as e:
            session.close(str(e))
            raise
        await asyncio.sleep_ms(_STEP_MS)
    session.close("no answer", "publish")
    raise OSError
