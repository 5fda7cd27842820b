"""Updates over the air of a node on a battery: on trial it stays awake, and a bad version goes back as on any node."""

from __future__ import annotations

import pytest
from nodes import Node
from updates import KEY, half, image, module, package, talk, versioned

from host.update.protocol import go

_EVERY_S = 10
_DEAF = {
    "lib/node/jobs/connect.mpy": module(
        "node/jobs/connect", lambda text: text.replace("getaddrinfo(address, port)", "getaddrinfo(address, 9)")
    )
}
_UPDATES = {
    "works": {"lib/node/__init__.mpy": versioned("9.9")},
    "does not connect": _DEAF,
    "sleeps on trial": _DEAF
    | {"lib/node/deep_sleep.mpy": module("node/deep_sleep", lambda text: text.replace('"trial" in', '"none" in'))},
}
_ENDS = {
    "works": "works: update 1, version 9.9",
    "does not connect": "went back: update 1: the node did not reach its broker within 180 s",
    "sleeps on trial": "went back: update 1: it crashed three times",
}


@pytest.mark.parametrize("what", _UPDATES)
def test_an_update(node, what: str) -> None:
    feather: Node = node(
        update_key=KEY, sensors=[{"driver": "tsl2561"}], sleep={"every_s": _EVERY_S, "batch": 6}, stats_s=10
    )
    feather.board.ctl("wire", "gpio16", "on")
    feather.broker.publish("cmd/n1/awake", "1", retain=True)
    assert feather.comes("reply", "awake").payload == "ok"
    coming = package(image(feather, _UPDATES[what]), 1)
    with talk(feather) as link:
        link.send(coming, half(link), "pytest")
        feather.broker.publish("cmd/n1/awake", "", retain=True)
        since = feather.broker.count
        link.ask(go(coming))
        answer = feather.wait("reply/n1/update", since, lambda message: message.payload != "ok", within_s=300).payload
    assert answer.startswith(_ENDS[what])
