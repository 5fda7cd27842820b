"""What the user at the terminal sees: numbered steps, every command before it runs, questions.

All of this goes to stderr; stdout is for data. In a dry run the commands are the data.
"""

import io
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from host.failure import Exit, Failure

ROOT = Path(__file__).resolve().parent.parent


class Console:
    """Shows and runs the steps of one script. `dry_run`: shows only. `assume_yes`: every question is answered yes."""

    def __init__(self, dry_run: bool = False, assume_yes: bool = False) -> None:
        self.dry_run = dry_run
        self.assume_yes = assume_yes
        self._steps = 0

    def step(self, title: str) -> None:
        self._steps += 1
        self.note(f"\n{self._steps}. {title}")

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def command(self, argv: Sequence[str | Path]) -> None:
        """Print a command so that it can be pasted into a shell in the repository's folder."""
        print(
            "  $ " + shlex.join(_short(word) for word in argv),
            file=sys.stdout if self.dry_run else sys.stderr,
            flush=True,
        )

    def run(self, argv: Sequence[str | Path]) -> tuple[int, str]:
        """Print the command, run it with its output shown, return (exit status, output). A dry run returns (0, "")."""
        self.command(argv)
        if self.dry_run:
            return 0, ""
        process = subprocess.Popen(
            [str(word) for word in argv],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            output = _show(process.stdout)
            return process.wait(), output
        finally:
            if process.poll() is None:  # Ctrl-C
                process.terminate()
                process.wait()

    def ask(self, question: str, default: bool = False) -> bool:
        """Return the answer to a yes/no question. Raises Failure (usage) when there is no terminal."""
        if self.assume_yes:
            self.note(f"{question} yes (--yes)")
            return True
        answer = self.answer(f"{question} {'[Y/n]' if default else '[y/N]'} ").lower()
        return answer in ("y", "yes") if answer else default

    def answer(self, question: str, strip: bool = True) -> str:
        """Return one line typed by the user. Raises Failure (usage) when there is no terminal."""
        if not sys.stdin.isatty():
            raise Failure(
                Exit.USAGE,
                f"{question.strip()}: there is no terminal to ask on; give --yes or the option that answers it",
            )
        print(question, end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise Failure(Exit.USAGE, f"{question.strip()}: no answer")
        return line.strip() if strip else line.removesuffix("\n")


def _short(word: str | Path) -> str:
    text = str(word)
    return os.path.relpath(text, ROOT) if text.startswith(f"{ROOT}/") else text


def _show(source: BinaryIO) -> str:
    """Show a program's output as it comes, indented, and return all of it."""
    output = []
    for line in io.TextIOWrapper(source, errors="replace", newline=None):
        output.append(line)
        if line.strip():
            sys.stderr.write("    " + line)
            sys.stderr.flush()
    return "".join(output)
