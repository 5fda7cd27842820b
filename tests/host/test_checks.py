"""checks/check.sh and its parts, and the real pre-commit with the hooks of this repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from waits import LIMIT_S

from checks import commits, package
from host.console import ROOT

_LONG = "x" * 80
_GOOD = [
    "led: Blink.",
    "node/sensors/tsl2561: Read both channels in one go.",
    "docs, tests/e2e: Follow the page.",
    "README.md: Say what is needed.",
    ".ci/run: Stop at the first failure.",
    "test.sh: 2 at a time.",
    "led: " + "A" * 66 + ".",  # 72 columns
    "led: Blink.\n\nBecause it was dark.",
    f"led: Blink.\n\n{_LONG}",  # such as an address, which cannot be broken
]
_BAD = [
    ("Blink.", "is not like"),
    ("led: blink.", "is not like"),
    ("led: Blink", "is not like"),
    ("led Blink.", "is not like"),
    ("my led: Blink.", "is not like"),
    ("", "is not like"),
    ("led: " + "A" * 67 + ".", "has 73 columns"),
    ("led: Blink.\nBecause.", "is not empty"),
    (f"led: Blink.\n\nSee {_LONG}", "has 84 columns"),
]


@pytest.mark.parametrize("message", _GOOD)
def test_good_message(message):
    assert commits.problems(message) == []


@pytest.mark.parametrize(("message", "problem"), _BAD)
def test_bad_message(message, problem):
    assert [problem in one for one in commits.problems(message)] == [True]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            f"led: Blink.\n# Lines with '#' are ignored: {_LONG}\n",
            0,
        ),
        (f"led: Blink.\n\n# ------------------------ >8 ------------------------\ndiff {_LONG} {_LONG}\n", 0),
        ("Merge branch 'main' of somewhere\n", 0),
        ("fixup! led: Blink.\n", 0),
        ("blink\n", 1),
    ],
)
def test_hook(tmp_path, text, code):
    (tmp_path / "message").write_text(text)
    assert commits.main([str(tmp_path / "message")]) == code


def git(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    identity = ("-c", "user.name=A", "-c", "user.email=a@localhost")
    found = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", folder, *identity, *words]
    return subprocess.run(command, env=found | env, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def test_history_begins_with_the_check_and_leaves_out_what_was_beside_it(tmp_path):
    def commit(message: str, file: str) -> None:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(message)
        git(tmp_path, "add", "-A")
        assert git(tmp_path, "commit", "-m", message).returncode == 0

    git(tmp_path, "init", "-b", "main")
    commit("before", "a")
    assert commits.in_history(tmp_path) == []
    git(tmp_path, "branch", "beside")
    commit("checks: Check messages.", "checks/commits.py")
    commit("b: Good.", "b")
    commit("bad", "c")
    git(tmp_path, "switch", "beside")
    commit("beside", "d")
    git(tmp_path, "switch", "main")
    assert git(tmp_path, "merge", "beside").returncode == 0
    (found,) = commits.in_history(tmp_path)
    assert "'bad' is not like" in found


def test_package_has_every_module_once_and_the_version(tmp_path):
    lib = tmp_path / "firmware" / "lib"
    for place in ("node/__init__.py", "node/sensors/new.py", "other.py"):
        (lib / place).parent.mkdir(parents=True, exist_ok=True)
        (lib / place).write_text('VERSION = "1.2.3"\n')
    made = json.loads(package.package(tmp_path))
    assert made["version"] == "1.2.3"
    assert dict(made["urls"]) == {
        "node/__init__.py": "firmware/lib/node/__init__.py",
        "node/sensors/new.py": "firmware/lib/node/sensors/new.py",
        "other.py": "firmware/lib/other.py",
    }


def test_package_json_is_up_to_date():
    assert package.FILE.read_text() == package.package()


@pytest.mark.parametrize("words", [["nothing"], ["message"], ["style", "nothing"]])
def test_check_sh_refuses(words):
    done = subprocess.run([ROOT / "checks/check.sh", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and ("unknown check nothing" in done.stderr or "Usage" in done.stderr)


@pytest.fixture
def copy(tmp_path) -> Path:
    """A git repository with all files of this one, its .venv and build, and pre-commit's hooks."""
    folder = tmp_path / "copy"
    names = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").stdout.split("\0")
    for name in (name for name in names if name and (ROOT / name).is_file()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    for name in (".venv", "build"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".git").mkdir()
    git(folder, "init", "-b", "main")
    (folder / ".git" / "info" / "exclude").write_text("/.venv\n/build\n")
    git(folder, "add", "-A")
    assert git(folder, "commit", "-m", "all: Begin.").returncode == 0
    hooks = ["--hook-type", "pre-commit", "--hook-type", "commit-msg"]
    command = [sys.executable, "-m", "pre_commit", "install", *hooks]
    subprocess.run(command, cwd=folder, env=os.environ | _environment(folder), check=True, capture_output=True)
    return folder


def _environment(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT / "build" / "precommit"), "PRE_COMMIT_HOME": str(folder.parent / "pre-commit")}


def test_pre_commit_stops_a_bad_message_and_bad_code_and_lets_good_ones_pass(copy):
    def commit(message: str, skipped: str = "") -> str | None:
        """The output of git and its hooks; None when there is a new commit."""
        git(copy, "add", "-A")
        done = git(copy, "commit", "-m", message, SKIP=skipped, **_environment(copy))
        return done.stdout + done.stderr if done.returncode else None

    main = copy / "firmware" / "main.py"
    good = main.read_text()
    main.write_text(good + "\nRTC().memmory()\n")
    said = commit("firmware/main: Call what is not there.")
    assert said and "firmware/main.py" in said and "memmory" in said
    main.write_text(good + "\n# The end.\n")
    said = commit("the end", skipped="check")
    assert said and "is not like 'path: Sentence.'" in said
    assert commit("firmware/main: Say where it ends.") is None
    assert git(copy, "log", "--format=%s").stdout.splitlines() == ["firmware/main: Say where it ends.", "all: Begin."]
