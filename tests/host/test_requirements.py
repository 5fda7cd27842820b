"""The pinned sets can be installed on Raspberry Pi OS 12 and 13 (aarch64, armv7) and PCs, by Python 3.11 to 3.14."""

import re
from functools import cache

import httpx2
import pytest
from packaging.requirements import Requirement
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from host.console import ROOT
from host.image.libraries import package_finder

FOLDER = ROOT / "host" / "requirements"
# Published as source only; built without a compiler.
PURE = {"esptool", "rshell"}
# (Python, machine, glibc's minor version)
PLATFORMS = [
    *(((3, 11), machine, 36) for machine in ("aarch64", "armv7l")),
    *(((3, 13), machine, 41) for machine in ("aarch64", "armv7l")),
    *(((3, minor), "x86_64", 36) for minor in (11, 12, 13, 14)),
]
SETS = ("build", "tools", "littlefs", "virtual")


def pins(name):
    """Return (requirement, its hashes) for each row of a set."""
    text = (FOLDER / f"{name}.txt").read_text()
    rows = re.findall(r"^(\S.+?) \\\n((?: +--hash=sha256:\w+(?: \\)?\n)+)", text, re.MULTILINE)
    return [(Requirement(row), re.findall(r"sha256:(\w+)", hashes)) for row, hashes in rows]


@cache
def files(name, version, hashes):
    """Return the names of the pinned files of a package, from the index. Skips when it cannot be reached."""
    try:
        finder = package_finder()
        finder.ignore_compatibility = True  # of this computer
        found = finder.find_all_packages(name, hashes={"sha256": list(hashes)})
        return [package.link.filename for package in found if package.version == version]
    except httpx2.HTTPError as e:
        pytest.skip(f"the Python index is out of reach: {e}")


def tags(python, machine, glibc):
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, 16, -1)]
    platforms += [f"manylinux2014_{machine}", f"manylinux1_{machine}", f"linux_{machine}"]
    interpreter = f"cp{python[0]}{python[1]}"
    return {*cpython_tags(python, platforms=platforms), *compatible_tags(python, interpreter, platforms)}


@pytest.mark.parametrize("name", [*SETS, "test", "types", "precommit", "ziglang"])
def test_every_row_is_pinned_and_names_no_index(name):
    text = (FOLDER / f"{name}.txt").read_text()
    rows = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(rows) == len(pins(name)) > 0
    assert all(re.match(r"[a-z0-9_.-]+==\S", row) for row in rows)
    assert "://" not in text


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("python, machine, glibc", PLATFORMS, ids=str)
def test_set_resolves(name, python, machine, glibc):
    environment = {
        "python_version": f"{python[0]}.{python[1]}",
        "python_full_version": f"{python[0]}.{python[1]}.0",
        "sys_platform": "linux",
        "platform_machine": machine,
    }
    accepted = tags(python, machine, glibc)
    for row, hashes in pins(name):
        if row.marker and not row.marker.evaluate(environment):
            continue
        version = str(row.specifier).removeprefix("==")
        names = files(row.name, version, tuple(hashes))
        wheels = [file for file in names if file.endswith(".whl") and accepted & parse_wheel_filename(file)[3]]
        if not wheels:
            sources = [file for file in names if file.endswith(".tar.gz") and parse_sdist_filename(file)]
            assert sources, f"{row} has nothing for {machine}"
            assert row.name in PURE or (row.name, machine) == ("littlefs-python", "armv7l"), f"{row} must be compiled"
