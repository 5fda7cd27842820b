"""Changes config.json for the command `set`: at once or, after command.defer(), in the next start.

Its run() is a job, which sends the answer that such a start has left.
"""

import json
import os

from micropython import const

from node import drop

_NEW = const("config.new")
# Of more than 10 characters: MicroPython keeps shorter strings in the heap for ever.
_LATER = const("set.deferred")  # the command, for the next start
_SAID = const("set.answered")  # and its answer
_ENOSPC = const(28)
_MAX_BYTES = const(4096)  # config_file.py takes no more


def refusal(text):
    """Change config.json completely or not at all, also when the power fails. Return None, or why it was refused."""
    try:
        changes, config = _read(text)
        drop()  # the JSON reader goes before the check comes
        from node import schema  # here, since the stack has no room for it while this file is imported

        _change(schema, config, changes)
    except ValueError as e:  # schema.Invalid is one
        return str(e)
    except OSError as e:
        return "the file system is full: nothing was changed" if e.errno == _ENOSPC else repr(e)
    finally:
        if _NEW in os.listdir():
            os.remove(_NEW)


def begin():
    """In that start: carry out the command, once, whatever its result.

    The names in the check stay in the heap until a reset. So if the change is refused the board resets here; otherwise
    settings.py checks config.json first.
    """
    with open(_LATER) as f:
        text = f.read()
    os.remove(_LATER)
    try:
        why = refusal(text)
    except MemoryError:
        why = "too little memory"
    try:
        with open(_SAID, "w") as f:
            f.write("error: " + why if why else "ok")
    except OSError as e:  # the file system is full: there will be no answer
        print("set:", e)
    if why:
        from node import last_run

        last_run.reset("restart", "settings")


async def run(session):
    """Send the answer. Raises OSError when the connection is lost."""
    with open(_SAID) as f:
        said = f.read()
    await session.reply(b"set", said)
    os.remove(_SAID)


def _read(text):
    """Return (the changes, the content of config.json), both dicts. Raises ValueError with a message."""
    from node.json_reader import read

    why = 'set takes an object, {"sensors.0.every_s": 10}'
    try:
        changes = read(text.encode())
    except ValueError as e:
        raise ValueError("%s: %s" % (why, e))
    if not isinstance(changes, dict) or not changes:
        raise ValueError(why)
    with open("config.json", "rb") as f:
        config = read(f.read())
    return changes, config


def _change(schema, config, changes):
    for row in schema.each():  # objects that config.json lacks and the changes need: their default
        if row[0] not in config and any(key.startswith(row[0] + ".") for key in changes):
            config[row[0]] = json.loads(row[2])
    for key in changes:
        _put(config, key.split("."), changes[key], key)
    schema.complete(config, schema.Drivers())
    head = "{\n"
    with open(_NEW, "w") as f:
        for key in config:  # one line per setting, for people with an editor
            f.write("%s  %s: " % (head, json.dumps(key)))
            json.dump(config[key], f)
            head = ",\n"
        f.write("\n}\n")
    if os.stat(_NEW)[6] > _MAX_BYTES:
        raise ValueError("config.json would be too long: %d bytes are allowed" % _MAX_BYTES)
    os.rename(_NEW, "config.json")


def _put(node, path, value, key):
    """Put `value` into the nested dicts and lists at `path`; the schema then says whether it may be there."""
    for i in range(len(path)):
        at = path[i]
        if isinstance(node, list):
            if not at.isdigit() or int(at) >= len(node):
                raise ValueError("%s is not a setting: there are only %d of these" % (key, len(node)))
            at = int(at)
        elif not isinstance(node, dict):
            raise ValueError("%s is not a setting" % key)
        if i == len(path) - 1:
            node[at] = value
        elif isinstance(node, dict):
            node = node.setdefault(at, {})
        else:
            node = node[at]
