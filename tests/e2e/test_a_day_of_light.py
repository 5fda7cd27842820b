"""A day on a node that says only what has changed, in minutes: a fast clock, a real broker, a sun that takes its time."""

from __future__ import annotations

import pytest
from boards import wait_for
from nodes import Node

pytestmark = pytest.mark.alone

_DELTA = 750.0
_HEARTBEAT_S = 7200
_EVERY_S = 60
_READINGS = 1440


def test_few_readings_and_no_change_missed(node):
    """The same chip twice, one reading right after the other: as it is, and with delta and heartbeat_s."""
    chip = {"driver": "tsl2561", "every_s": _EVERY_S}
    feather: Node = node(
        "--fast",
        sensors=[chip | {"topic": "plain"}, chip | {"topic": "few", "delta": _DELTA, "heartbeat_s": _HEARTBEAT_S}],
        mqtt={"keepalive_s": 600},
        stats_s=86400,
    )
    broker = feather.broker
    feather.board.ctl("light", "day", "--lasts", "86400")
    wait_for(lambda: len(broker.of("plain")) >= _READINGS, 240, "a day of readings")
    plain, few = broker.of("plain")[:_READINGS], broker.of("few")
    few = [message for message in few if message.at <= plain[-1].at]
    # As a subscriber sees it: what was told last, beside each reading. The first of a run has none before it.
    told: float | None = None
    furthest = 0.0
    silence = longest = 0
    for message in broker.messages[: broker.messages.index(plain[-1])]:
        if message.topic == "few":
            told, silence = message.number, 0
        elif message.topic == "plain":
            silence += 1
            longest = max(longest, silence)
            if told is not None and silence > 1:  # that of this minute comes right behind the plain one
                furthest = max(furthest, abs(before - told))
            before = message.number
    part = len(few) / len(plain)
    lux = [message.number for message in plain]
    print(
        f"a day of light, {min(lux):.2f} to {max(lux):.0f} lx: {len(few)} of {len(plain)} readings sent ({part:.1%}), "
        f"never further off than {furthest:.0f} lx, never silent for more than {longest * _EVERY_S} s"
    )
    assert max(lux) > 25_000 and min(lux) < 1
    assert part <= 0.10
    assert furthest < _DELTA
    assert longest * _EVERY_S <= _HEARTBEAT_S + _EVERY_S
    assert not broker.of("late/n1/few") and not broker.of("late/n1/plain")
