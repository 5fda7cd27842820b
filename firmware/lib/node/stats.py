"""What the node says about itself: fault/<id> and stats/<id>."""

import asyncio
import gc
import json

from micropython import const

from node import VERSION, clock, faults
from node.session import Down

_POLL_MS = const(250)


class Stats:
    """`every_s` is None or the seconds from one stats/<id> to the next; `reset` is why the board started."""

    def __init__(self, client_id, every_s, reset, faults, session, wifi, outbox):
        self._fault_topic = b"fault/" + client_id.encode()
        self._stats_topic = b"stats/" + client_id.encode()
        self._every_s = every_s
        self._reset = reset
        self._faults = faults
        self._session = session
        self._wifi = wifi
        self._outbox = outbox

    async def run(self):
        """Serve for ever: the fault at each connection and change, the statistics in time."""
        told = None
        due_s = 0
        while True:
            await asyncio.sleep_ms(_POLL_MS)
            if not self._session.up:
                continue
            try:
                now = self._session.epoch, self._faults.version
                if told != now:
                    await self._session.publish(self._fault_topic, self._fault(), 1, True)
                    told = now
                if self._every_s and clock.uptime() >= due_s:
                    await self._session.publish(self._stats_topic, self._stats(), 0, True)
                    due_s = clock.uptime() + self._every_s
            except Down:
                pass

    def _fault(self):
        if not self._faults.current:
            return b'{"code":0}'
        code, detail = self._faults.current
        return ('{"code":%d,"name":"%s","detail":%s}' % (code, faults.name(code), json.dumps(detail))).encode()

    def _stats(self):
        gc.collect()
        return (
            '{"uptime_s":%d,"free":%d,"rssi":%d,"reconnects":%d,"dropped":%d,"reset":%s,"version":"%s"}'
            % (
                clock.uptime(),
                gc.mem_free(),
                self._wifi.rssi(),
                self._session.reconnects,
                self._outbox.dropped,
                json.dumps(self._reset),
                VERSION,
            )
        ).encode()
