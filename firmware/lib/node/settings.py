"""The checked settings, from the file `config.ok`.

The check of config.json takes 10 kB of heap, and 2 kB of them, for names, stay until the next reset. So it runs once
per change: its result is kept in that file, under the digest of what was checked, and the board resets.
"""

import hashlib
import json
import os
from binascii import hexlify

from micropython import const

from node import VERSION, drop

_FILE = const("config.ok")


def get(faults):
    """Return the settings. A new config.json is checked; if it is valid, the board resets.

    An invalid one is reported on the REPL and as a fault; its valid part is used (`config_file.Invalid`).
    """
    if "set.deferred" in os.listdir():
        from node.jobs import change_settings

        change_settings.begin()
    config = read()
    if config:
        drop()
        return config
    from node import config_file

    try:
        config = config_file.load()
        write(config)
        if read():
            from node import last_run

            last_run.reset("restart", "config")  # machine.soft_reset() in main.py only gives the prompt
    except config_file.Invalid as e:
        faults.begin("config", str(e))
        config = e.config
        config["homeassistant"] = None  # what is announced stays
    except OSError:  # the file system is full: go on without config.ok
        pass
    drop()
    return config


def read():
    """Return the settings in that file; None when config.json or the firmware has changed since."""
    try:
        with open(_FILE) as f:
            if f.readline() == digest():
                return json.load(f)
    except (OSError, ValueError):
        pass
    return None


def write(config):
    """Write the file. Raises OSError when there is no room for it."""
    with open(_FILE, "w") as f:
        f.write(digest())
        json.dump(config, f)


def digest():
    check = hashlib.sha256(VERSION)
    part = bytearray(128)
    with open("config.json", "rb") as f:
        while True:
            count = f.readinto(part)
            if not count:
                break
            check.update(memoryview(part)[:count])
    return hexlify(check.digest()).decode() + "\n"
