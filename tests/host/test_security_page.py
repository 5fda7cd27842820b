"""docs/security.md: each test that it names exists."""

import re

from boards import ROOT

PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")


def test_it_names_tests_that_there_are():
    file, found = "", 0
    for path, name in re.findall(r"`(tests/[\w/]+\.py)?::(\w+)`", PAGE):
        file = path or file
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE), (file, name)
        found += 1
    assert found > 10


def test_it_names_files_that_there_are():
    for path in re.findall(r"`((?:tests|host|firmware|docs)/[\w/.-]+\.(?:py|md))", PAGE):
        assert (ROOT / path).is_file(), path
