"""What the node says about itself: fault/<id> when it has changed, stats/<id> when it is due. A job of the session."""

import gc
import json

from micropython import const

from node import VERSION, uptime
from node.faults import NAMES

_NEVER = const(1 << 29)


async def run(session):
    """Publish what is due. Raises OSError."""
    name = session.client.client_id
    version = session.faults.version
    if session.told != version:
        await session.publish(b"fault/" + name, fault(session.faults.current), 1, True)
        session.told = version
    every_s = session.settings["stats_s"]
    if every_s is None:
        session.due = _NEVER
    elif uptime() >= session.due:
        await session.publish(b"stats/" + name, stats(session), 0, True)
        session.due = uptime() + every_s


def fault(current):
    """Return the payload of fault/<id>; `current` is (code, detail), or None when all is well."""
    if not current:
        return b'{"code":0}'
    code, detail = current
    return ('{"code":%d,"name":"%s","detail":%s}' % (code, NAMES.split("|")[code - 1], json.dumps(detail))).encode()


def stats(session):
    """Return the payload of stats/<id>: seconds, bytes of heap, dBm, and counts since the start."""
    gc.collect()
    return (
        '{"uptime_s":%d,"free":%d,"rssi":%d,"reconnects":%d,"dropped":%d,"reset":%s,"version":"%s"}'
        % (
            uptime(),
            gc.mem_free(),
            session.sta.status("rssi"),
            session.reconnects,
            session.outbox.dropped,
            json.dumps(session.why),
            VERSION,
        )
    ).encode()
