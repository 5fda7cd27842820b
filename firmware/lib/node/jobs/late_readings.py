"""Sends the readings of an outage to late/..., oldest first. A job of the session."""

from micropython import const

from node import KNOWN, stamp, uptime

_UNIX_2000 = const(946684800)


async def run(session):
    """Publish all late readings. Raises OSError; readings that were not acknowledged stay in the outbox."""
    outbox = session.outbox
    while outbox.late and session.state != "stopping":
        channel, value, moment = outbox.oldest()
        topic, late_topic, number, retain = outbox.channels[channel]
        payload = number % value
        await session.publish(late_topic, ('{"v":%s,%s}' % (payload, when(moment))).encode())
        if retain:  # a state is also published retained; the newest comes last
            await session.publish(topic, payload.encode(), 1, True)
        outbox.forget_oldest()


def when(moment):
    """Return the JSON member for a stamp(): "ts", Unix time; or "age_s", seconds, while the date is unknown."""
    if moment < KNOWN:
        age = uptime() - moment
        now = stamp()
        if now < KNOWN:
            return '"age_s":%d' % age
        moment = now - age
    return '"ts":%d' % (moment + _UNIX_2000)
