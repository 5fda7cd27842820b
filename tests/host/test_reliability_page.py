"""docs/reliability.md: each test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"


def test_every_test_that_is_named_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"((?:\w+/)?test_\w+\.py)(?:::(test_\w+))?", text)
    named += [("test_outages.py", name) for name in re.findall(r"`(test_[a-z_]+)`", text)]
    assert len(named) > 15
    for file, function in named:
        path = TESTS / (file if "/" in file else f"survival/{file}")
        assert path.is_file(), file
        assert not function or f"def {function}(" in path.read_text(encoding="utf-8"), f"{file}::{function}"
