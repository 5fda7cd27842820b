"""node.sh: its verbs and its help for them; what the verbs do has tests of its own."""

import os
import re
import subprocess
import sys

import pytest

from host.board import by_hand
from host.console import ROOT

VERBS = re.findall(r"^    \'(\w+)\|", (ROOT / "node.sh").read_text(), re.MULTILINE)


def node(*words, path=os.environ["PATH"]):
    return subprocess.run(
        ["./node.sh", *words], cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


def test_help_has_a_line_for_each_verb():
    done = node("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Daily life with nodes") and "set -euo" not in done.stdout
    assert re.findall(r"^  (\w+) ", done.stdout, re.MULTILINE) == VERBS
    assert {"repl", "files", "watch", "update"} <= {*VERBS}


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_says_how_it_is_called(verb):
    done = node(verb, "--help")
    assert done.returncode == 0
    assert f"./node.sh {verb}" in done.stdout and '"""' not in done.stdout and "import" not in done.stdout


def test_wrong_verbs():
    for words in ((), ("replx",), ("repl", "--nonsense"), ("repl", "word")):
        done = node(*words)
        assert done.returncode == 2 and done.stdout == ""
        assert "node.sh" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["repl", "files"])
def test_without_a_board(verb):
    done = node(verb, "--port", "/dev/nowhere")
    assert done.returncode == 4
    assert "there is no /dev/nowhere: plug the board in" in done.stderr


@pytest.mark.parametrize("command", [[], ["ls", "-l", "/pyboard"], ["cp", "-r", "a b", "/pyboard/"]])
def test_files_takes_any_command_of_rshell(command, monkeypatch):
    ran = []
    monkeypatch.setattr(sys, "argv", ["by_hand", "files", "--port", "/dev/ttyUSB7", *command])
    monkeypatch.setattr(by_hand.ports, "check", lambda port: None)
    monkeypatch.setattr(os, "execvp", lambda _program, words: ran.extend(words))
    by_hand.main()
    assert ran[1:3] == ["--port", "/dev/ttyUSB7"] and ran[-len(command) - 1 :] == ["nano", *command]
