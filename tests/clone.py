"""A copy of this repository for a test to work in: a user's fresh clone, but with a .venv."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = (
    *("bootstrap.sh", "flash.sh", "node.sh", "demo.sh", "test.sh"),
    *("host", "firmware", "device_libs", "virtual_feather", "config.example.json"),
)


class Clone:
    """`folder` is the copy. Its scripts run with no terminal, and find nothing of this user's but the package cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / part, folder / part)
        if (ROOT / ".venv").exists():
            (folder / ".venv").symlink_to(ROOT / ".venv")

    def forget_venv(self) -> None:
        """Remove .venv: the link to this repository's, or the clone's own."""
        venv = self.folder / ".venv"
        if venv.is_symlink():
            venv.unlink()
        else:
            shutil.rmtree(venv, ignore_errors=True)

    def run(self, *command: str, seconds: float = 120, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder; its output is text."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
