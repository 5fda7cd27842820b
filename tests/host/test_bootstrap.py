"""bootstrap.sh as a user runs it, in a clone of its own."""

import json
import os
import re
import shutil
import stat
import sys

import pytest
from clone import Clone
from terminal import Terminal

SETTINGS = ("--set", "wifi.ssid=attic", "--set", "wifi.key=planted-secret", "--set", "mqtt.server=127.0.0.1")
DEAD = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_RETRIES": "0",
}
PYTHONS = ("python3", "python3.11", "python3.12", "python3.13", "python3.14")


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path / "clone")


def state(folder):
    """Every file of the clone: content, mode and time of last change."""
    return {
        path: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".venv" not in path.parts
    }


def test_first_run_prepares_second_run_changes_nothing(clone):
    first = clone.run("./bootstrap.sh", *SETTINGS, seconds=300)
    assert first.returncode == 0, first.stderr
    assert json.loads((clone.folder / "config.json").read_text())["wifi"]["ssid"] == "attic"
    assert stat.S_IMODE((clone.folder / "config.json").stat().st_mode) == 0o600
    assert (clone.folder / "build/device_libs/umqtt/simple.py").is_file()
    before = state(clone.folder)
    second = clone.run("./bootstrap.sh", *SETTINGS)
    assert second.returncode == 0, second.stderr
    assert state(clone.folder) == before
    assert "planted-secret" not in first.stdout + first.stderr + second.stdout + second.stderr
    assert first.stdout == second.stdout == ""


def test_works_offline_once_the_cache_is_filled(clone, tmp_path):
    """Whichever script filled the cache, and whatever is in this user's own cache."""
    clone.forget_venv()
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert clone.run("./bootstrap.sh", *SETTINGS, seconds=300, **cache).returncode == 0
    sets = sorted(path.name.partition("-")[0] for path in (tmp_path / "cache/huzzah-node/wheels").iterdir())
    assert sets == ["build", "littlefs", "tools"], "and no unfinished one"
    clone.forget_venv()
    shutil.rmtree(clone.folder / "build")
    done = clone.run("./bootstrap.sh", seconds=300, **cache, **DEAD)
    assert done.returncode == 0, done.stderr
    assert (clone.folder / "build/device_libs/umqtt/simple.py").is_file()
    assert clone.run(".venv/bin/esptool", "version").returncode == 0


def test_offline_with_an_empty_cache_says_so(clone, tmp_path):
    clone.forget_venv()
    done = clone.run("./bootstrap.sh", *SETTINGS, seconds=300, XDG_CACHE_HOME=str(tmp_path / "cache"), **DEAD)
    assert done.returncode == 3
    assert "check this computer's network" in done.stderr
    assert not [*(tmp_path / "cache/huzzah-node/wheels").iterdir()]
    assert not (clone.folder / "config.json").exists()


@pytest.mark.parametrize(
    "arguments, code, word",
    [
        (("--set", "mqtt.port=99999"), 1, "mqtt.port"),
        (("--set", "nonsense"), 2, "KEY=VALUE"),
        (("--wrong",), 2, "--wrong"),
        ((), 2, "no terminal"),
    ],
)
def test_bad_usage(clone, arguments, code, word):
    done = clone.run("./bootstrap.sh", *arguments)
    assert done.returncode == code
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not (clone.folder / "config.json").exists()


def stub(folder, name, script):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def with_stubs(folder):
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_python_too_old(clone, tmp_path):
    clone.forget_venv()
    for name in PYTHONS:
        stub(tmp_path / "bin", name, "exit 1  # as if sys.version_info were too small")
    done = clone.run("./bootstrap.sh", **with_stubs(tmp_path / "bin"))
    assert done.returncode == 3
    assert "Python 3.11 or newer was not found" in done.stderr
    assert not (clone.folder / ".venv").exists()


@pytest.mark.parametrize(
    "command, packages",
    [
        (("./bootstrap.sh",), "python3-venv"),
        (("./demo.sh",), "python3-venv (mosquitto )?mosquitto-clients"),
        (("./test.sh",), "python3-venv git (mosquitto )?mosquitto-clients openssl picocom nano"),
    ],
    ids=str,
)
def test_what_the_system_lacks_is_said_in_one_sentence_before_anything_is_fetched(clone, tmp_path, command, packages):
    """On a computer that lacks all of it, for a user without sudo."""
    clone.forget_venv()
    for name in ("bash", "cat", "dirname", "env", "id", "mkdir", "readlink", "sed"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    # Debian has a part of venv in a separate package.
    stub(tmp_path / "bin", "python3", f'case "$2" in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"')
    for name in ("apt-get", "sudo"):
        stub(tmp_path / "bin", name, "exit 1")
    done = clone.run(*command, PATH=str(tmp_path / "bin"), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 3
    said = f"missing on this computer: sudo apt-get install {packages}, then run this again\n"
    assert re.fullmatch(said, done.stderr), "(the broker's program is found where a user's PATH does not lead)"
    assert not (clone.folder / ".venv").exists()


QUESTION = {
    "ssid": b"name of your Wi-Fi network (2.4 GHz): ",
    "key": b"empty for an open network): ",
    "space": b"is the space part of it? [y/N] ",
    "here": b"by an account of its own? [Y/n] ",
    "server": b"address of the MQTT broker: ",
    "offered": b"address of the MQTT broker [127.0.0.1]: ",
    "anyway": b"take this address all the same? [y/N] ",
    "user": b"user name at the broker: ",
    "password": b"its password (not shown): ",
    "refused": b"take it all the same? [y/N] ",
}


def answered(clone, answers):
    """Run bootstrap.sh, give each answer after its question; the exit code, and the terminal's text."""
    with Terminal(["./bootstrap.sh"], clone.folder) as terminal:
        seen = b""
        for question, answer in answers:
            seen += terminal.read_until(QUESTION[question])
            terminal.type(answer + b"\n")
        code, rest = terminal.end()
    return code, (seen + rest).decode()


def test_each_answer_is_checked_when_it_is_given(clone, broker):
    """No answer; two wrong ones; a space at an end; an answer that looks like JSON is text. Secrets are not echoed."""
    config = json.loads((clone.folder / "config.example.json").read_text())
    config["mqtt"]["port"] = broker.port
    (clone.folder / "config.example.json").write_text(json.dumps(config))
    answers = [
        ("ssid", b""),
        ("ssid", b"[attic] "),
        ("space", b"n"),
        ("key", b"short"),
        ("key", b'"planted": 1'),
        ("here", b"n"),
        ("server", b"localhost"),
        ("server", b"127.0.0.1.nip"),
        ("anyway", b"n"),
        ("server", b"10.0.0.7 "),
        ("anyway", b"y"),
    ]
    code, seen = answered(clone, answers)
    assert code == 0, seen
    assert "an answer is needed" in seen
    assert "wifi.key must be" in seen
    assert "localhost is the board itself, to the board: take this computer's address" in seen
    assert "no broker answers at 127.0.0.1.nip" in seen
    assert "planted" not in seen and "short" not in seen
    made = json.loads((clone.folder / "config.json").read_text())
    assert made["wifi"] | {"ssid": "[attic]", "key": '"planted": 1'} == made["wifi"]
    assert made["mqtt"] | {"server": "10.0.0.7", "user": None} == made["mqtt"]
