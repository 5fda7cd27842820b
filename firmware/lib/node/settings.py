"""The settings as they were checked, from `config.ok`.

The check of config.json takes 6 kB of heap, of which 2 kB are for names that stay until the next reset. So it is made
once a change: its result is kept in a file, under the digest of what was checked, and the board starts anew.
"""

import hashlib
import json
import os
from binascii import hexlify

from micropython import const

from node import VERSION, drop

_FILE = const("config.ok")


def get(faults):
    """Return the settings. A new config.json is checked; if there is nothing wrong with it, the board starts anew.

    One that is wrong is told on the REPL and as a fault; what is right in it is used (`config_file.Invalid`).
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
    except OSError:  # the file system is full: then without
        pass
    drop()
    return config


def read():
    """Return the settings by that file; None when config.json or the firmware is another than it was made for."""
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
