"""Carries out a message: a command of cmd/<id>/..., answered on reply/<id>/..., or Home Assistant's birth. A job.

A command that takes much heap, or changes the settings, ends in a restart.
"""

import os
import sys
import time

from micropython import const

from node import drop, with_room

_DEFERRED = const("set.deferred")
_IDENTIFY_S = const(10)
_IDENTIFY_MAX_S = const(600)


class Refused(Exception):
    """The command cannot be carried out: str() says why."""


async def run(session, topic, payload, retained, pid):
    """Carry out the message and answer. Raises OSError when the connection is lost.

    Retained commands are ignored, except `awake`: an old command must not run again at every connection.
    """
    session.acknowledge(pid)
    if topic == b"homeassistant/status":
        if payload == b"online" and not retained and session.settings["homeassistant"]:
            session.jobs.append(("home_assistant",))
        return
    if topic in (b"update/" + session.client.client_id, session.topic(b"cmd") + b"/update"):
        if "/rom" not in sys.path:
            await session.reply(b"update", "error: the image has no ROMFS: update by cable, ./flash.sh --image romfs")
        elif not retained:
            session.jobs.insert(0, ("update.receive", payload))  # runs after this module is dropped
        return
    await with_room(__import__, "node.text")
    from node.text import flaw

    start = session.topic(b"cmd") + b"/"
    if not topic.startswith(start) or flaw(topic) is not None:
        return  # not for this node, or the topic of the answer would end the connection
    verb = topic[len(start) :].decode()
    if retained and verb != "awake":
        return
    try:
        if payload is None:
            raise Refused("that is too long")
        if flaw(payload, False) is not None:
            raise Refused("that is not text in UTF-8")
        flaw = None  # so that node.text can be dropped: `set` needs the heap
        act = _VERBS.get(verb)
        if not act:
            raise Refused("%s is not a command: there are %s" % (verb, ", ".join(sorted(_VERBS))))
        answer = None if await with_room(act, session, payload.decode().rstrip()) else "ok"
    except Refused as e:
        answer = "error: %s" % e
    except MemoryError:  # the guard handles it: supervisor.py
        raise
    except Exception as e:
        sys.print_exception(e)
        answer = "error: %r" % e
    if answer:
        await session.reply(verb.encode(), answer)


def identify(session, text):
    seconds = int(text) if text.isdigit() else _IDENTIFY_S if not text else 0
    if not 0 < seconds <= _IDENTIFY_MAX_S:
        raise Refused("identify takes seconds from 1 to %d, or nothing" % _IDENTIFY_MAX_S)
    session.faults.identify = time.ticks_add(time.ticks_ms(), 1000 * seconds)


def read(session, text):
    """Read at once the sensors that `text` names: by driver, or by name with or without address; "": all sensors."""
    found = [s for s in session.sources if text in ("", s.driver) or (s.name + " ").startswith(text + " ")]
    if not found:
        raise Refused("%s is not a sensor: there are %s" % (text, ", ".join([s.name for s in session.sources])))
    for source in found:
        source.due = time.ticks_ms()


def restart(session, text):
    session.faults.restart = "command"  # 8 characters at most reach the next start


def awake(session, text):
    session.stay_awake = text not in ("", "0")


def set(session, text):
    """Change config.json. Return True if there is no room for that now: the next start then does it, and answers."""
    drop()
    deferred = "/rom" not in sys.path  # without ROMFS the check's bytecode would be in the heap, too
    if not deferred:
        from node.jobs import change_settings

        try:
            why = change_settings.refusal(text)
            if why:
                raise Refused(why)
        except MemoryError:
            deferred = True
    if deferred:
        defer(text)
    session.faults.restart = "settings"
    return deferred


def defer(text):
    """Leave the text of `set` for the next start: jobs/change_settings.py."""
    try:
        with open(_DEFERRED, "w") as f:
            f.write(text)
    except OSError:
        if _DEFERRED in os.listdir():
            os.remove(_DEFERRED)
        raise Refused("the file system is full: nothing was changed")


_VERBS = {"identify": identify, "read": read, "restart": restart, "awake": awake, "set": set}
