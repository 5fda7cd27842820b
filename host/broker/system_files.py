"""Files that belong to this computer, not to its user: read and written as root, by sudo if we are not root.

Below another `prefix` than / the files are the user's own: nothing then needs root.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from host.console import Console
from host.failure import Exit, Failure

_SYSTEMD = Path("/run/systemd/system")  # there while systemd runs


class SystemFiles:
    """Paths are those of the files when the prefix is /. script: what to run as root if sudo does not work."""

    def __init__(self, console: Console, script: str, prefix: Path = Path("/")) -> None:
        self._console = console
        self._script = script
        self._prefix = prefix
        self._root: list[str] | None = None  # how to run a command as root, once that is known

    def check_rights(self) -> None:
        """Raise Failure (computer) when root's rights are needed and cannot be obtained."""
        self._as_root()

    def path(self, path: str) -> Path:
        """Return where the file really is."""
        return self._prefix / path.lstrip("/")

    def read(self, path: str) -> str | None:
        """Return the text of a file, None when there is none."""
        try:
            return self.path(path).read_text()
        except FileNotFoundError:
            return None
        except PermissionError:
            done = self._run("sh", "-c", '! test -e "$0" || cat "$0"', self.path(path))
            return done or None

    def write(self, path: str, text: str, owner: str = "root", mode: int = 0o644) -> bool:
        """Make a file have this text, and make its folder if that is missing. Returns whether anything changed."""
        if self.read(path) == text:
            return False
        target = self.path(path)
        if not target.parent.exists():
            self._install(owner, "-d", "-m", "750" if mode & 0o77 == 0 else "755", target.parent, group_only=True)
        self._install(owner, "-m", f"{mode:o}", "/dev/stdin", target, text=text)
        return True

    def remove(self, paths: list[str], folders: list[str]) -> bool:
        """Remove files, and those folders that are then empty. Returns whether there were any files."""
        there = [self.path(path) for path in paths if self.read(path) is not None]
        if there:
            self._run("rm", "-f", *there)
        for folder in map(self.path, folders):
            if folder.exists():
                self._run("rmdir", "--ignore-fail-on-non-empty", folder)
        return bool(there)

    def service(self, verb: str, name: str) -> bool:
        """Run systemctl `verb` (restart, reload) for a service. Returns False where there is no systemd."""
        if self._prefix != Path("/") or not _SYSTEMD.exists():
            return False
        self._run("systemctl", "daemon-reload")
        self._run("systemctl", verb, name)
        return True

    def _install(self, owner: str, *words: str | Path, text: str | None = None, group_only: bool = False) -> None:
        owners = ["-o", "root" if group_only else owner, "-g", owner] if self._prefix == Path("/") else []
        self._run("install", *owners, *words, text=text)

    def _run(self, *words: str | Path, text: str | None = None) -> str:
        argv = [*self._as_root(), *map(str, words)]
        self._console.command(argv)
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(
                Exit.COMPUTER, f"{argv[0]} failed ({done.stderr.strip()}): put that right, then run this again"
            )
        return done.stdout

    def _as_root(self) -> list[str]:
        if self._prefix != Path("/") or os.geteuid() == 0:
            return []
        if self._root is None:
            self._root = self._sudo()
        return self._root

    def _sudo(self) -> list[str]:
        """Ask sudo for root's rights. Raises Failure (computer) when it cannot give them."""
        sudo = shutil.which("sudo")
        if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
            return [sudo, "-n"]
        if sudo and sys.stdin.isatty():
            self._console.note("  sudo asks for your password: Mosquitto's files in /etc belong to root")
            if subprocess.run([sudo, "-v"], check=False).returncode == 0:
                return [sudo]
        raise Failure(
            Exit.COMPUTER,
            f"Mosquitto's files in /etc belong to root, and sudo does not work here: su -c '{self._script}'",
        )
