"""bootstrap.sh as a user runs it, in a clone of its own."""

import json
import os
import pty
import select
import shutil
import stat
import subprocess
import time

import pytest
from clone import Clone

SETTINGS = ("--set", "wifi.ssid=attic", "--set", "wifi.key=planted-secret", "--set", "mqtt.server=127.0.0.1")
DEAD = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_RETRIES": "0",
}


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
    before, begin = state(clone.folder), time.monotonic()
    second = clone.run("./bootstrap.sh", *SETTINGS)
    seconds = time.monotonic() - begin
    print(f"second run: {seconds:.2f} s")
    assert second.returncode == 0, second.stderr
    assert seconds < 3
    assert state(clone.folder) == before
    assert "planted-secret" not in first.stdout + first.stderr + second.stdout + second.stderr
    assert first.stdout == second.stdout == ""


def test_works_offline_once_the_cache_is_filled(clone):
    assert clone.run("./bootstrap.sh", *SETTINGS, seconds=300).returncode == 0
    clone.forget_venv()
    shutil.rmtree(clone.folder / "build")
    done = clone.run("./bootstrap.sh", seconds=300, **DEAD)
    assert done.returncode == 0, done.stderr
    assert (clone.folder / "build/device_libs/umqtt/simple.py").is_file()
    assert clone.run(".venv/bin/esptool", "version").returncode == 0


def test_offline_with_an_empty_cache_says_so(clone, tmp_path):
    clone.forget_venv()
    done = clone.run("./bootstrap.sh", *SETTINGS, seconds=300, XDG_CACHE_HOME=str(tmp_path / "cache"), **DEAD)
    assert done.returncode == 3
    assert "check this computer's network" in done.stderr
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


def test_help_is_the_header(clone):
    done = clone.run("./bootstrap.sh", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Prepare this computer")
    assert "set -euo" not in done.stdout


def stub(folder, name, script):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def with_stubs(folder):
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_python_too_old(clone, tmp_path):
    clone.forget_venv()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        stub(tmp_path / "bin", name, "exit 1  # as if sys.version_info were too small")
    done = clone.run("./bootstrap.sh", **with_stubs(tmp_path / "bin"))
    assert done.returncode == 3
    assert "Python 3.11 or newer was not found" in done.stderr
    assert not (clone.folder / ".venv").exists()


def test_python_without_venv(clone, tmp_path):
    """Debian has it in a package of its own."""
    clone.forget_venv()
    real = shutil.which("python3")
    for name in ("python3", "python3.11"):
        stub(tmp_path / "bin", name, f'case "$2" in *ensurepip*) exit 1 ;; esac\nexec {real} "$@"')
    for name in ("apt-get", "sudo"):
        stub(tmp_path / "bin", name, "exit 1")
    done = clone.run("./bootstrap.sh", **with_stubs(tmp_path / "bin"))
    assert done.returncode == 3
    assert "sudo apt-get install python3-venv" in done.stderr


def test_questions_on_a_terminal(clone):
    """Secrets are not echoed."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["./bootstrap.sh"], cwd=clone.folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    seen = b""
    answers = [
        (b"name of your Wi-Fi network: ", b"attic"),
        (b"empty for an open network): ", b"planted-secret"),
        (b"[192.168.1.210]: ", b"10.0.0.7"),
        (b"empty for none): ", b""),
    ]
    try:
        for question, answer in answers:
            deadline = time.monotonic() + 60
            while not seen.endswith(question):
                assert select.select([master], [], [], deadline - time.monotonic())[0], seen
                seen += os.read(master, 4096)
            os.write(master, answer + b"\n")
        while True:
            try:
                seen += os.read(master, 4096)
            except OSError:  # the other end is closed
                break
        assert process.wait(30) == 0, seen
    finally:
        process.kill()
        os.close(master)
    assert b"planted-secret" not in seen
    made = json.loads((clone.folder / "config.json").read_text())
    assert made["wifi"] | {"ssid": "attic", "key": "planted-secret"} == made["wifi"]
    assert made["mqtt"] | {"server": "10.0.0.7", "user": None} == made["mqtt"]
