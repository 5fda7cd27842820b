"""Carries out a message: a command of cmd/<id>/..., answered on reply/<id>/..., or Home Assistant's birth. A job.

What takes much heap, or changes the settings, ends in a restart.
"""

import json
import os
import sys
import time

from micropython import const

from node import load, shallow

_IDENTIFY_S = const(10)
_IDENTIFY_MAX_S = const(600)
_NEW = const("config.new")
_MAX_BYTES = const(4096)  # settings.py takes no more


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
        await shallow(act, session, payload.decode())
        answer = "ok"
    except Refused as e:
        answer = "error: %s" % e
    except MemoryError:  # seen with `set` on the images that keep this library's bytecode in the heap
        answer = "error: %s needs more memory than this image leaves: edit config.json instead" % verb
    except Exception as e:
        sys.print_exception(e)
        answer = "error: %r" % e
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
    """Change config.json: all of it or nothing, also when the power goes."""
    from node import schema

    try:
        changes = json.loads(text)
        if not isinstance(changes, dict) or not changes:
            raise ValueError
    except ValueError:
        raise Refused('set takes an object: {"sensors.0.every_s": 10}')
    with open("config.json") as f:
        config = json.load(f)
    try:
        for row in schema.table(schema.ROWS):  # what config.json has not, and what is to be changed in it
            if row[0] not in config and any(key.startswith(row[0] + ".") for key in changes):
                config[row[0]] = json.loads(row[2])
        for key in changes:
            _put(config, key.split("."), changes[key], key)
        schema.complete(config, schema.Drivers())
    except schema.Invalid as e:
        raise Refused(e)
    finally:
        load("schema")  # kept by nobody
    head = "{\n"
    with open(_NEW, "w") as f:
        for key in config:  # a line a setting, for people with an editor
            f.write("%s  %s: " % (head, json.dumps(key)))
            json.dump(config[key], f)
            head = ",\n"
        f.write("\n}\n")
    if os.stat(_NEW)[6] > _MAX_BYTES:
        raise Refused("config.json would be too long: %d bytes are allowed" % _MAX_BYTES)
    os.rename(_NEW, "config.json")
    session.faults.restart = "settings"


def _put(node, path, value, key):
    """Put `value` into the nested dicts and lists at `path`; the schema then says whether it may be there."""
    for i in range(len(path)):
        at = path[i]
        if isinstance(node, list):
            if not at.isdigit() or int(at) >= len(node):
                raise Refused("%s is not a setting: there are only %d of these" % (key, len(node)))
            at = int(at)
        elif not isinstance(node, dict):
            raise Refused("%s is not a setting" % key)
        if i == len(path) - 1:
            node[at] = value
        elif isinstance(node, dict):
            node = node.setdefault(at, {})
        else:
            node = node[at]


_VERBS = {"identify": _identify, "read": _read, "restart": _restart, "awake": _awake, "set": _set}
