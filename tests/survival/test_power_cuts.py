"""The supply fails at random moments: each time, the file system mounts and the node publishes again."""

from __future__ import annotations

import random

from nodes import Node

_REWRITE = """
text = open("main.py").read()
while True:
    for name in ("notes.txt", "main.py"):
        with open(name, "w") as f:
            for i in range(0, len(text), 256):
                f.write(text[i : i + 256])
"""


def test_the_node_comes_back(survivor, request) -> None:
    """Half of the cuts come while a program at the prompt rewrites main.py, half while the node runs."""
    cuts = 200 if request.config.getoption("--long") else 8
    node: Node = survivor()
    board = node.board
    node.reading()
    chance = random.Random(8266)
    for number in range(cuts):
        if number % 2:
            with board.console() as console:
                console.prompt()
                board.ctl("power", "cut", chance.randrange(60_000))
                console.send(b"\x01")
                console.read_until(b"raw REPL; CTRL-B to exit\r\n>")
                console.send(_REWRITE.encode() + b"\x04")
                while board.status()["power"]:
                    console.read_for(0.01)
        else:
            board.skip(chance.random() * 20)
            board.ctl("power", "off")
        since = node.broker.count
        board.ctl("power", "on")
        board.ctl("clock", 30)
        node.comes("connect", since=since)
        node.reading(since)
        board.ctl("clock", "real")
    print(f"published again after {cuts} of {cuts} cuts")
    assert board.status()["resets"] == cuts + 1
