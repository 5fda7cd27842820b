"""What the node says about itself: fault/<id> when it has changed, stats/<id> when it is due. A job of the session."""

import gc
import json

from micropython import const

from node import VERSION, uptime
from node.faults import NAMES

_NEVER = const(1 << 29)


async def run(session):
    """Publish what is due. Raises OSError."""
    version = session.faults.version
    if session.fault_told != version:
        await session.publish(session.topic(b"fault"), fault(session.faults.current), 1, True)
        session.fault_told = version
    every_s = session.settings["stats_s"]
    if every_s is None:
        session.stats_due_s = _NEVER
    elif uptime() >= session.stats_due_s:
        await session.publish(session.topic(b"stats"), stats(session), 0, True)
        session.stats_due_s = uptime() + every_s


def fault(current):
    """Return the payload of fault/<id>; `current` is (code, detail), or None when all is well."""
    if not current:
        return b'{"code":0}'
    code, detail = current
    return ('{"code":%d,"name":"%s","detail":%s}' % (code, NAMES.split("|")[code - 1], json.dumps(detail))).encode()


def stats(session):
    """Return the payload of stats/<id>: seconds, bytes of heap, dBm, and counts since the start.

    online_s: since the connection. reading_s: since the latest reading, or the start.
    """
    gc.collect()
    return (
        '{"uptime_s":%d,"online_s":%d,"reading_s":%d,"free":%d,"rssi":%d,"reconnects":%d,"dropped":%d,"reset":%s,"version":"%s"}'
        % (
            uptime(),
            uptime() - (session.up_at_s or 0),
            uptime() - session.outbox.newest_s,
            gc.mem_free(),
            session.sta.status("rssi"),
            session.reconnects,
            session.outbox.dropped,
            json.dumps(session.reset_cause),
            VERSION,
        )
    ).encode()
