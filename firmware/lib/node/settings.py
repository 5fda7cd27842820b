"""config.json: read, checked against schema.py and completed with its defaults.

Runs unchanged on CPython (host/settings.py), so that the board and the host say the same sentence.
"""

import json
import os

_MAX_BYTES = 4096  # reading takes several times the file's size in heap


class Invalid(ValueError):
    """config.json cannot be used as it is; str() is one sentence that names the key and what is allowed.

    `config` holds what can be used all the same: what is wrong is at its default, `sensors` is empty, and `wifi` is
    None unless client_id, wifi and mqtt are right.
    """


def load(path="config.json", drivers=None):
    """Return the settings as nested dicts with every key present. Raises Invalid.

    drivers: what there is to choose from, an object like schema.Drivers, which is the board's own.
    """
    from node import schema

    drivers = drivers or schema.Drivers()
    try:
        given = _read(path)
    except Invalid as e:
        e.config = schema.complete({}, drivers)
        e.config["sensors"] = []
        e.config["wifi"] = None
        raise
    return schema.complete(given, drivers)


def _read(path):
    try:
        if os.stat(path)[6] > _MAX_BYTES:
            raise Invalid("config.json is too long: %d bytes are allowed" % _MAX_BYTES)
        with open(path, encoding="utf-8") as f:
            text = f.read()
    except OSError:
        raise Invalid("config.json is missing: copy config.example.json and set wifi and mqtt in it")
    except UnicodeError:
        raise Invalid("config.json is not text in UTF-8: save it again as such")
    try:
        given = json.loads(text)
    except (ValueError, RuntimeError):  # RuntimeError: nested too deep
        raise Invalid("config.json is not JSON: look for a missing quote, comma or brace")
    if not isinstance(given, dict):
        raise Invalid("config.json must be an object: {...}")
    return given
