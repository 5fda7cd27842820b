"""config.json: read, checked against schema.py and completed with its defaults.

Runs unchanged on CPython (host/settings/check.py), so that the board and the host give the same messages.
"""

import os

from node import schema
from node.schema import Invalid

_MAX_BYTES = 4096  # reading takes several times the file's size in heap


def load(path="config.json", drivers=None):
    """Return the settings as nested dicts with every key present. Raises Invalid.

    drivers: the drivers to choose from, an object like schema.Drivers; without it, those on this board.
    """
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
        with open(path, "rb") as f:
            data = f.read()
    except OSError:
        raise Invalid("config.json is missing: ./bootstrap.sh makes it")
    try:
        from node.json_reader import read

        given = read(data)
    except ValueError as e:
        raise Invalid("config.json is not JSON: %s" % e)
    if not isinstance(given, dict):
        raise Invalid("config.json must be an object: {...}")
    return given
