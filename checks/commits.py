"""Check commit messages: `path: Sentence.`, at most 72 columns, an empty second line, a body of at most 72 columns.

python -m checks.commits         every commit since this check came
python -m checks.commits FILE    the message in FILE, as git's commit-msg hook

What is wrong goes to standard error. Exit status: 0 nothing, 1 something.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_COLUMNS = 72
_SUBJECT = re.compile(r"[\w.*/-]+(, [\w.*/-]+)*: [A-Z0-9`\"'].*\.")
# Where git cuts a message that it shows with its difference (git commit --verbose).
_SCISSORS = "# ------------------------ >8 ------------------------"
# Written by git itself, or squashed before anybody else sees them.
_PASSING = ("Merge ", "fixup! ", "squash! ", "amend! ")


def problems(message: str) -> list[str]:
    """The faults of a message, in words."""
    subject, *rest = message.rstrip().split("\n")
    found = []
    if not _SUBJECT.fullmatch(subject):
        found.append(f"'{subject}' is not like 'path: Sentence.', as in 'node/board: Blink while the broker is away.'")
    if len(subject) > _COLUMNS:
        found.append(f"'{subject}' has {len(subject)} columns: {_COLUMNS} are allowed")
    if rest and rest[0]:
        found.append(f"the line after '{subject}' is not empty")
    for line in rest[1:]:
        if len(line) > _COLUMNS and " " in line.strip():  # a long name or address cannot be broken
            found.append(f"'{line}' has {len(line)} columns: {_COLUMNS} are allowed")
    return found


def in_file(file: Path) -> list[str]:
    """The faults of the message that a user is about to commit."""
    text = file.read_text(encoding="utf-8").partition(_SCISSORS)[0]
    message = "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
    return [] if message.startswith(_PASSING) else problems(message)


def in_history(root: Path) -> list[str]:
    """The faults of the commits since the one that added this file, except merges."""
    here = Path(__file__).relative_to(ROOT)
    added = _git(root, "log", "--diff-filter=A", "--format=%H", "--", str(here)).split()
    if not added:  # not committed yet
        return []
    # Only its descendants: commits made in parallel could not know this check.
    log = _git(root, "log", "--no-merges", "--ancestry-path", "--format=%h%n%B%x00", f"{added[-1]}..HEAD")
    commits = [one.strip().partition("\n") for one in log.split("\0") if one.strip()]
    return [f"{commit}: {problem}" for commit, _, message in commits for problem in problems(message)]


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout


def main(arguments: list[str]) -> int:
    found = in_file(Path(arguments[0])) if arguments else in_history(ROOT)
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
