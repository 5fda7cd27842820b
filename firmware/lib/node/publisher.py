"""Sends the readings of the outbox, one after the other: live ones to their topic, those of an outage to late/..."""

import asyncio

from micropython import const

from node import clock
from node.session import Down

_POLL_MS = const(250)
_SAVES = const(40)  # polls between two copies while disconnected: a reset then costs the age of a reading 10 s at most


class Publisher:
    """`channels` is the list of (topic, late topic, format, retained) that the outbox's records point into."""

    def __init__(self, outbox, session, channels):
        self._outbox = outbox
        self._session = session
        self._channels = channels
        self._epoch = session.epoch

    async def run(self):
        """Serve for ever. A reading leaves the outbox when the broker has acknowledged it."""
        outbox = self._outbox
        session = self._session
        polls = 0
        while True:
            if not session.up:
                await asyncio.sleep_ms(_POLL_MS)
                polls += 1
                if polls % _SAVES == 0 and len(outbox):
                    outbox.save()
                continue
            if self._epoch != session.epoch:
                self._epoch = session.epoch
                outbox.late = len(outbox)  # all that was taken before this connection
            if not len(outbox):
                outbox.arrived.clear()
                await outbox.arrived.wait()
                continue
            channel, value, moment, is_late = outbox.take()
            topic, late_topic, number, retained = self._channels[channel]
            payload = number % value
            try:
                if is_late:
                    late = '{"v":%s,"%s":%d}' % ((payload,) + clock.late(moment))
                    await session.publish(late_topic, late.encode())
                if retained or not is_late:  # a state is also kept, late or not: the newest comes last
                    await session.publish(topic, payload.encode(), 1, retained)
                outbox.done()
            except Down:
                outbox.leaving = False
