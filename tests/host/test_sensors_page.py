"""docs/sensors.md has every sensor that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from host.settings.check import Drivers, load

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/sensors.md").read_text(encoding="utf-8")


def test_every_driver_with_its_quantities():
    rows = re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|", PAGE, re.MULTILINE)
    drivers = Drivers()
    assert {driver: re.findall(r"`(\w+)`", quantities) for driver, quantities in rows if driver in drivers.names()} == {
        driver: drivers.quantities(driver) for driver in drivers.names()
    }


def test_the_example_is_valid(tmp_path: Path):
    (example,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    file = tmp_path / "config.json"
    file.write_text("{" + example + "}", encoding="utf-8")
    assert len(load(file)["sensors"]) == len(json.loads("{" + example + "}")["sensors"]) == 4
