"""A file system with no room left: what needs a file says so, and the node goes on."""

from __future__ import annotations

import json

from nodes import Node

_FILL = """
import os
for name in ("announced", "entities", "config.ok"):
    try:
        os.remove(name)
    except OSError:
        pass
for size in (4096, 512, 16):
    block = bytes(size)
    try:
        with open("mine%d" % size, "wb") as f:
            while True:
                f.write(block)
                f.flush()
    except OSError as e:
        print(e.errno)
"""


def test_what_needs_a_file_is_told_and_readings_go_on(node):
    feather: Node = node(homeassistant=True)
    feather.reading()
    with feather.board.console() as console:
        console.prompt()
        assert console.run(_FILL).split() == ["28"] * 3
    config = feather.board.ctl("get", "config.json")
    since = feather.broker.count
    feather.board.ctl("reset")
    fault = feather.fault(5, since)
    assert fault.json["detail"] == "no room in the file system to announce the sensors to Home Assistant"
    feather.reading(since)
    answer = feather.ask("set", json.dumps({"sensors.0.name": "x" * 32, "sensors.0.every_s": 2}))
    assert answer == "error: the file system is full: nothing was changed"
    assert feather.board.ctl("get", "config.json") == config
    assert feather.ask("read") == "ok"
    feather.reading(feather.broker.count)
    assert not feather.broker.of("disconnect/n1", since), "one connection all the time"
    with feather.board.console() as console:
        console.prompt()
        assert ".new" not in (files := console.run("import os\nprint(os.listdir())")), files
        assert "entities" not in files and "announced" not in files
