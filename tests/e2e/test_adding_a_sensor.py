"""docs/adding-a-sensor.md, followed word for word."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from nodes import Node

import host.image.firmware

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/adding-a-sensor.md").read_text(encoding="utf-8")


def _block(language: str) -> str:
    """The page's only block in that language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return block


def _place() -> str:
    (place,) = re.findall(r"Save this as `(firmware/\S+)`", PAGE)
    return place


def test_a_sensor_takes_less_than_40_lines():
    assert len(_block("python").splitlines()) < 40


def test_the_page_makes_a_sensor(node, tmp_path, monkeypatch):
    ours = tmp_path / "ours"
    shutil.copytree(ROOT / "firmware", ours / "firmware")
    (ours / _place()).write_text(_block("python"), encoding="utf-8")
    monkeypatch.setattr(host.image.firmware, "ROOT", ours)
    entry = json.loads(_block("json"))

    feather: Node = node("--chips", "lm75", sensors=[entry | {"every_s": 1}])
    topic = feather.topic("sensors", "temperature")
    assert feather.wait(topic).payload == "21.00"
    feather.board.ctl("set", "temperature", "-7.3")
    feather.wait(topic, want=lambda message: message.payload in ("-7.25", "-7.38"))

    feather.board.ctl("unplug", "lm75")
    assert feather.fault(4).json["detail"] == "lm75 at 0x48: no answer"
    since = feather.broker.count
    feather.board.ctl("plug", "lm75")
    feather.fault(0, since=since)
    feather.board.ctl("i2c", "stuck")
    feather.fault(4, since=since)
    assert not [m for m in feather.broker.of(topic) if m.number == 0]


def test_the_page_names_what_there_is():
    for path in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / path).resolve().is_file(), path
    for path in re.findall(r"`((?:virtual_feather|tests|host|firmware)/[\w/]+\.py)`", PAGE):
        assert (ROOT / path).is_file() or path == _place(), path
