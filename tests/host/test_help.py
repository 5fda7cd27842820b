"""--help of every script: the comment at its head, also from another folder and with no .venv."""

import shutil
import subprocess

import pytest

from host.console import ROOT

SCRIPTS = ("bootstrap.sh", "flash.sh", "node.sh", "demo.sh", "test.sh", "bench/bench.sh", "checks/check.sh")


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_the_header(tmp_path, script):
    for file in (script, "host/venv.sh", "host/packages.sh"):
        (tmp_path / "copy" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, tmp_path / "copy" / file)
    first = (ROOT / script).read_text().splitlines()[1].removeprefix("# ")
    for word in ("--help", "-h"):
        done = subprocess.run([f"copy/{script}", word], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(first + "\n") and f"{script} " in done.stdout and "set -euo" not in done.stdout
