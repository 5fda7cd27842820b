"""A day of light on a node that publishes only changes, with a fast clock and a real broker."""

from __future__ import annotations

import pytest
from nodes import Node

_EVERY_S = 60


@pytest.fixture
def day(request: pytest.FixtureRequest) -> tuple[int, float, int]:
    """(the day's seconds, delta, heartbeat_s): a whole day with --long, otherwise four hours, six times as fast."""
    return (86400, 750.0, 7200) if request.config.getoption("--long") else (14400, 4500.0, 1800)


def test_few_readings_and_no_change_missed(node, day):
    """Two chips in the same light, one read right after the other: one plain, one with delta and heartbeat_s."""
    lasts_s, delta, heartbeat_s = day
    readings = lasts_s // _EVERY_S
    chip = {"driver": "tsl2561", "every_s": _EVERY_S}
    feather: Node = node(
        "--chips",
        "tsl2561,tsl2561@0x29",
        sensors=[
            chip | {"topic": "plain"},
            chip | {"address": 0x29, "topic": "few", "delta": delta, "heartbeat_s": heartbeat_s},
        ],
        mqtt={"keepalive_s": 600},
        stats_s=86400,
    )
    broker = feather.broker
    feather.board.ctl("light", "day", "--lasts", str(lasts_s))
    feather.board.until(lambda: len(broker.of("plain")) >= readings, lasts_s + 600, 600)
    plain, few = broker.of("plain")[:readings], broker.of("few")
    few = [message for message in few if message.at <= plain[-1].at]
    # As a subscriber sees it: each plain reading beside the last filtered one, which follows it in the same minute.
    told = before = few[0].number
    furthest = 0.0
    silence = longest = 0
    for message in broker.messages[broker.messages.index(few[0]) : broker.messages.index(plain[-1])]:
        if message.topic == "few":
            told, silence = message.number, 0
        elif message.topic == "plain":
            furthest = max(furthest, abs(before - told))
            before = message.number
            silence += 1
            longest = max(longest, silence)
    part = len(few) / len(plain)
    lux = [message.number for message in plain]
    print(
        f"a day of {lasts_s} s, {min(lux):.2f} to {max(lux):.0f} lx: {len(few)} of {len(plain)} readings sent, "
        f"{part:.1%}, never further off than {furthest:.0f} lx, never silent for more than {longest * _EVERY_S} s"
    )
    assert max(lux) > 25_000 and min(lux) < 1
    assert part <= 0.10
    assert furthest < delta
    assert longest * _EVERY_S <= heartbeat_s + _EVERY_S
    assert not broker.of("late/n1/few") and not broker.of("late/n1/plain")
