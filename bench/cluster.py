"""Three RabbitMQ on loopback, set up with the files and commands of docs/cluster.md."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from bench.system import ROOT

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
PORTS = (21881, 21882, 21883)
PASSWORD = "of the cluster"
_PAGE = (ROOT / "docs" / "cluster.md").read_text()
_STARTS, NODE, PEOPLE = re.findall(r"^```bash\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_LIMIT_S = 180.0


class Cluster:
    """Runs inside `with`. `folder` has the data of the three, and is their home; they are numbered from 1 on."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._env = os.environ | {"HOME": str(folder)}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            for number in (1, 2, 3):
                self.start(number)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for number in [*self._processes]:
            self.kill(number)
        # epmd refuses to end until it has noticed that they are dead.
        end = "for _ in {1..50}; do ! epmd -kill | grep -q Killed || break; sleep 0.2; done"
        self.run(f". docs/cluster/env.sh 1 /tmp/cluster; {end}")

    def _shell(self, lines: str) -> list[str]:
        return ["bash", "-ec", lines.replace("/tmp/cluster", str(self._folder)).replace("PASSWORD", f'"{PASSWORD}"')]

    def start(self, number: int) -> None:
        """Start one with its line of the page, and wait until it accepts MQTT."""
        line = _STARTS.splitlines()[number - 1].strip("()")
        with (self._folder / f"{number}.out").open("ab") as out:
            self._processes[number] = subprocess.Popen(
                self._shell(line),
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        deadline = time.monotonic() + _LIMIT_S
        while not _listens(PORTS[number - 1]):
            assert time.monotonic() < deadline, f"RabbitMQ {number} does not listen: {self._folder}/{number}.out"
            time.sleep(0.2)

    def kill(self, number: int) -> None:
        """End one abruptly, as a power cut does."""
        process = self._processes.pop(number)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def run(self, lines: str) -> str:
        """Run lines of the page; return what they print."""
        done = subprocess.run(
            self._shell(lines), cwd=ROOT, env=self._env, check=True, capture_output=True, text=True, timeout=_LIMIT_S
        )
        return done.stdout

    def of(self, client: str) -> int | None:
        """The number of the RabbitMQ that has the connection of a client, or None."""
        env = f". docs/cluster/env.sh {min(self._processes)} /tmp/cluster"
        said = self.run(f"{env}; rabbitmqctl -q list_mqtt_connections")
        found = re.search(rf"^{client}\s.*:(\d+)$", said, re.MULTILINE)
        return PORTS.index(int(found[1])) + 1 if found else None

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [process.pid for process in self._processes.values()]


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
