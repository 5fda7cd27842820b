"""What the node says about itself: fault/<id> and stats/<id>."""

import asyncio
import gc
import json

from micropython import const

from node import VERSION, clock, faults
from node.session import Down

_POLL_MS = const(250)


async def run(name, every_s, reset, state, session, wifi, outbox):
    """Serve for ever: the fault at each connection and change, the statistics every `every_s` (None: never).

    `name` is the client_id, `reset` why the board started, `state` its Faults.
    """
    told = None
    due_s = 0
    while True:
        await asyncio.sleep_ms(_POLL_MS)
        if not session.up:
            continue
        try:
            now = session.epoch, state.version
            if told != now:
                await session.publish(b"fault/" + name, _fault(state.current), 1, True)
                told = now
            if every_s and clock.uptime() >= due_s:
                await session.publish(b"stats/" + name, _stats(reset, session, wifi, outbox), 0, True)
                due_s = clock.uptime() + every_s
        except Down:
            pass


def _fault(current):
    if not current:
        return b'{"code":0}'
    code, detail = current
    return ('{"code":%d,"name":"%s","detail":%s}' % (code, faults.name(code), json.dumps(detail))).encode()


def _stats(reset, session, wifi, outbox):
    gc.collect()
    return (
        '{"uptime_s":%d,"free":%d,"rssi":%d,"reconnects":%d,"dropped":%d,"reset":%s,"version":"%s"}'
        % (
            clock.uptime(),
            gc.mem_free(),
            wifi.rssi(),
            session.reconnects,
            outbox.dropped,
            json.dumps(reset),
            VERSION,
        )
    ).encode()
