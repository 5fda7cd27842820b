"""The serial path itself: bytes, clients that come and leave, and the link to the path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from virtual_time import VirtualTime, time

from virtual_feather.errors import UserError
from virtual_feather.path_watcher import PathWatcher
from virtual_feather.serial_port import SerialPort

__all__ = ["time"]
_LOT = bytes(range(256)) * 8


class Bench:
    """A port, and the events and bytes from it, in order."""

    def __init__(self, time: VirtualTime, link: Path | None = None) -> None:
        self._time = time
        self.wait_s = 0.0  # wait for the line after each read
        self.seen: list[bytes | str] = []
        self.port = SerialPort(time.reactor, link, self._receive, lambda: self.seen.append("closed"), lambda: None)

    def _receive(self, data: bytes) -> float:
        self.seen.append(data)
        return self.wait_s

    def turn(self) -> list[bytes | str]:
        """The events and bytes since the last call."""
        for _ in range(5):
            self._time.reactor.turn()
        seen, self.seen = self.seen, []
        return seen


@pytest.fixture
def bench(time: VirtualTime) -> Iterator[Bench]:
    bench = Bench(time)
    yield bench
    bench.port.close()


def _open(bench: Bench) -> int:
    return os.open(bench.port.path, os.O_RDWR | os.O_NOCTTY)


def test_bytes_go_both_ways_as_they_are(bench: Bench) -> None:
    client = _open(bench)
    os.write(client, _LOT)
    assert b"".join(bench.turn()) == _LOT
    bench.port.send(_LOT)
    bench.turn()
    assert os.read(client, 4096) == _LOT
    os.close(client)


def test_the_rate_is_the_clients(bench: Bench) -> None:
    with serial.Serial(bench.port.path, 460800):
        assert bench.port.baud == 460800


def test_closing_is_told_once(bench: Bench) -> None:
    assert bench.turn() == []
    client = _open(bench)
    assert bench.turn() == []
    os.close(client)
    assert bench.turn() == ["closed"]
    assert bench.turn() == []


def test_two_that_have_it_open_close_it_when_the_second_goes(bench: Bench) -> None:
    first, second = _open(bench), _open(bench)
    os.close(first)
    assert bench.turn() == []
    os.close(second)
    assert bench.turn() == ["closed"]


def test_one_that_follows_at_once_is_another(bench: Bench) -> None:
    """With no turn in between: the hang-up is over before the port looks."""
    first = _open(bench)
    os.write(first, b"first")
    assert bench.turn() == [b"first"]
    os.close(first)
    second = _open(bench)
    os.write(second, b"second")
    assert bench.turn() == ["closed", b"second"]
    os.close(second)


def test_what_is_sent_to_nobody_is_lost(bench: Bench) -> None:
    bench.port.send(b"lost")
    client = _open(bench)
    bench.port.send(b"seen")
    bench.turn()
    assert os.read(client, 100) == b"seen"
    os.close(client)


def test_nothing_waits_for_the_next_client(bench: Bench) -> None:
    client = _open(bench)
    bench.turn()
    bench.port.send(bytes(60_000))
    os.close(client)
    bench.turn()
    client = _open(bench)
    bench.port.send(b"fresh")
    bench.turn()
    seen = b""
    while not seen.endswith(b"fresh"):
        seen += os.read(client, 4096)
        bench.turn()
    assert len(seen) < 40_000, "what the kernel keeps, and no more"
    os.close(client)


def test_a_busy_line_makes_the_client_wait(bench: Bench, time: VirtualTime) -> None:
    client = _open(bench)
    os.set_blocking(client, False)
    bench.wait_s = 1.0
    sent = 0
    with pytest.raises(BlockingIOError):
        while True:
            sent += os.write(client, bytes(1024))
            bench.turn()
    assert sent < 40_000, "what the kernel keeps, and no more"
    time.advance(1.0)
    assert bench.turn() != []
    os.close(client)


def test_no_watcher_to_be_had(time: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: PathWatcher, path: str) -> None:
        raise OSError(24, "no watcher")

    monkeypatch.setattr(PathWatcher, "__init__", none)
    bench = Bench(time)
    client = _open(bench)
    os.write(client, b"x")
    assert bench.turn() == [b"x"]
    os.close(client)
    assert bench.turn() == ["closed"]
    bench.port.close()


def test_a_link_is_made_and_removed(time: VirtualTime, tmp_path: Path) -> None:
    link = tmp_path / "tty"
    link.symlink_to("/dev/pts/left by a killed board")
    bench = Bench(time, link)
    assert os.path.realpath(link) == bench.port.path
    assert stat.S_ISCHR(link.stat().st_mode)
    bench.port.close()
    assert not link.is_symlink()


def test_a_link_that_is_anothers_by_now_stays(time: VirtualTime, tmp_path: Path) -> None:
    link = tmp_path / "tty"
    old, new = Bench(time, link), Bench(time, link)
    old.port.close()
    assert os.path.realpath(link) == new.port.path
    new.port.close()


@pytest.mark.parametrize("there", ["file", "no folder"])
def test_a_link_that_cannot_be_made(time: VirtualTime, tmp_path: Path, there: str) -> None:
    link = tmp_path / "tty"
    if there == "file":
        link.write_text("precious")
    else:
        link = tmp_path / "missing" / "tty"
    with pytest.raises(UserError, match="choose another --link"):
        Bench(time, link)
    if there == "file":
        assert link.read_text() == "precious"
