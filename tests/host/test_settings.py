"""host.settings.check: the same table and sentences as the board, the page, and the example."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from host.image.images import LAYOUTS
from host.settings import check

ROOT = Path(__file__).resolve().parents[2]


def _cases():
    spec = importlib.util.spec_from_file_location("settings_cases", ROOT / "tests/device/settings_cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = _cases()


def run_check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "host.settings.check", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("text", "sentence"), [*CASES.INVALID, CASES.FIRST])
def test_invalid(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(check.Invalid) as told:
        check.load(tmp_path / "config.json")
    assert str(told.value) == sentence.replace("{drivers}", ", ".join(check.Drivers().names()))


def test_what_does_not_fit_in_memory(tmp_path: Path) -> None:
    text, sentence = CASES.NO_ROOM
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    missing = []
    for image in LAYOUTS:
        with pytest.raises(check.NoRoom) as told:
            check.load(tmp_path / "config.json", image)
        missing.append(int(str(told.value).split()[5]))
        assert str(told.value) == sentence % missing[-1]
    assert missing == sorted(set(missing))  # romfs has the most room, small the least


@pytest.mark.parametrize("text", CASES.VALID)
def test_valid(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    assert check.load(tmp_path / "config.json")["mqtt"]["port"] == 1883


@pytest.mark.parametrize("text", ['{"client_id": "\\ud800"}', "[" * 4000, '{"outbox": NaN}', '{"outbox": 1e400}'])
def test_what_only_a_desktop_parser_lets_through(tmp_path: Path, text: str) -> None:
    """It is valid or invalid, but the check never ends in a traceback."""
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    done = run_check(str(tmp_path / "config.json"))
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr


def test_exit_codes(tmp_path: Path) -> None:
    assert run_check("config.example.json").returncode == 0
    wrong = tmp_path / "config.json"
    wrong.write_text('{"pins": {"led": 3}}', encoding="utf-8")
    done = run_check(str(wrong))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "pins.led must be one of 0, 2, 4, 5, 12, 13, 14, 15, 16\n"
    assert run_check(str(tmp_path / "none.json")).stderr == CASES.MISSING + "\n"
    assert run_check().returncode == 2
    assert run_check("a", "--markdown").returncode == 2


def test_example_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert check.load(ROOT / "config.example.json") == check.load(tmp_path / "config.json")


def test_example_shows_every_setting() -> None:
    example = json.loads((ROOT / "config.example.json").read_text(encoding="utf-8"))
    for section, given in (("", example), ("wifi.", example["wifi"]), ("mqtt.", example["mqtt"])):
        assert list(given) == [row[0] for row in check.rows(section)]


def test_page_is_up_to_date() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == check.markdown()
