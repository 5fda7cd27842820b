"""docs/pictures: the committed pictures are those that the commands draw."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
sys.path.insert(0, str(PICTURES))

import draw_day  # noqa: E402
import draw_wiring  # noqa: E402


def test_each_wiring_picture_is_drawn_from_the_table():
    for name, part in draw_wiring.PARTS.items():
        assert (PICTURES / f"wiring-{name}.svg").read_text(encoding="utf-8") == draw_wiring.picture(part)


def test_every_wire_ends_at_a_pin_that_the_feather_has():
    for part in draw_wiring.PARTS.values():
        assert {pin for _, pin in part.wires} <= {*draw_wiring.UPPER, *draw_wiring.LOWER}


def test_a_day_has_a_dot_for_each_reading():
    values = [0.0, 250.5, 40000.0]
    drawn = ElementTree.fromstring(draw_day.picture(values))
    dots = [float(one.get("cy")) for one in drawn.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(dots) == len(values)
    assert dots == sorted(dots, reverse=True)


def test_without_a_reading_the_day_is_not_drawn():
    done = subprocess.run(
        [sys.executable, PICTURES / "draw_day.py"],
        input="status/a online\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no reading" in done.stderr
