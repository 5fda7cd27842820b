"""Carries out a message: a command of cmd/<id>/..., answered on reply/<id>/..., or Home Assistant's birth. A job.

What takes much heap, or changes the settings, ends in a restart.
"""

import sys
import time

from micropython import const

from node import load, shallow

_IDENTIFY_S = const(10)
_IDENTIFY_MAX_S = const(600)


class Refused(Exception):
    """The command cannot be carried out: str() says why."""


async def run(session, topic, payload, retained, pid):
    """Carry it out and answer. Raises OSError when the connection is lost.

    Retained ones are left out, but for `awake`: a command of yesterday is not for every connection.
    """
    session.acknowledge(pid)
    name = session.client.client_id
    if topic == b"homeassistant/status":
        if payload == b"online" and not retained:
            session.jobs.append(("announce",))
        return
    verb = topic[len(name) + 5 :].decode()  # a broker lets only UTF-8 through (1.5.3)
    if retained and verb != "awake":
        return
    if verb == "update":
        session.jobs.insert(0, ("update", payload))  # when this module has gone
        return
    try:
        if payload is None:
            raise Refused("that is too long")
        act = _VERBS.get(verb)
        if not act:
            raise Refused("%s is not a command: there are %s" % (verb, ", ".join(sorted(_VERBS))))
        answer = None if await shallow(act, session, payload.decode()) else "ok"
    except Refused as e:
        answer = "error: %s" % e
    except Exception as e:
        sys.print_exception(e)
        answer = "error: %r" % e
    if answer:
        await session.publish(b"reply/" + name + b"/" + verb.encode(), answer.encode())


def _identify(session, text):
    seconds = int(text) if text.isdigit() else _IDENTIFY_S if not text else 0
    if not 0 < seconds <= _IDENTIFY_MAX_S:
        raise Refused("identify takes seconds from 1 to %d, or nothing" % _IDENTIFY_MAX_S)
    session.faults.identify = time.ticks_add(time.ticks_ms(), 1000 * seconds)


def _read(session, text):
    """Read a sensor, or all, at once: called by its driver, or by its name with or without its address."""
    found = [s for s in session.sources if text in ("", s.driver) or (s.name + " ").startswith(text + " ")]
    if not found:
        raise Refused("%s is not a sensor: there are %s" % (text, ", ".join([s.name for s in session.sources])))
    for source in found:
        source.due = time.ticks_ms()


def _restart(session, text):
    session.faults.restart = "command"  # 8 characters at most reach the next start


def _awake(session, text):
    session.awake = text not in ("", "0")


def _set(session, text):
    """Return True if there is no room for it beside the node: the next start does it, and has the answer."""
    change = load("set")
    deferred = False
    try:
        why = change.refusal(text)
        if why:
            raise Refused(why)
    except MemoryError:  # seen on the images that keep this library's bytecode in the heap
        change.defer(text)
        deferred = True
    session.faults.restart = "settings"
    return deferred


_VERBS = {"identify": _identify, "read": _read, "restart": _restart, "awake": _awake, "set": _set}
