"""The control socket, over which `ctl` changes and shows the world around a running board."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    from .reactor import Reactor

_NAME = "control"
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Command:
    """The command line of a `ctl`."""

    verb: str
    arguments: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    data: bytes = b""  # content of the file, for `put`


def _within(state: Path, act: Callable[[str], None]) -> None:
    """Call act(path) with a short path to the socket: AF_UNIX allows 107 bytes."""
    descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        act(f"/proc/self/fd/{descriptor}/{_NAME}")
    finally:
        os.close(descriptor)


class ControlServer:
    """Serves commands: one connection, one line with a command, one line with the answer."""

    def __init__(self, reactor: Reactor, state: Path, execute: Callable[[Command], bytes]) -> None:
        """execute: carries out a command and returns its output; raises UserError. An old socket is replaced."""
        self._reactor = reactor
        self._execute = execute
        self._path = state / _NAME
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        _within(state, self._socket.bind)
        self._socket.listen()
        reactor.watch(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Stop serving."""
        self._reactor.forget(self._socket.fileno())
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        connection, _ = self._socket.accept()
        connection.setblocking(False)
        line = bytearray()
        # A board does not wait for a client that is slow to send its command.
        self._reactor.watch(connection.fileno(), lambda: self._receive(connection, line))

    def _receive(self, connection: socket.socket, line: bytearray) -> None:
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        line += data
        if data and not line.endswith(b"\n"):
            return
        self._reactor.forget(connection.fileno())
        with connection:
            if data:
                self._answer(connection, bytes(line))

    def _answer(self, connection: socket.socket, line: bytes) -> None:
        try:
            words = json.loads(line)
            command = Command(**{**words, "data": _bytes(words["data"])})
        except (ValueError, TypeError, KeyError, AttributeError):
            return  # the client is no `ctl` of this version
        try:
            answer = {"output": self._execute(command).decode("latin-1")}
        except UserError as error:
            answer = {"error": str(error), "status": error.status}
        connection.settimeout(_PATIENCE_S)
        with contextlib.suppress(OSError):  # the client has gone
            connection.sendall(json.dumps(answer).encode() + b"\n")


def control(state: Path, command: Command) -> bytes:
    """Send a command to the board in `state`; its output. Raises UserError."""
    words = asdict(command)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_S)
        try:
            _within(state, connection.connect)
        except OSError as error:
            raise UserError(f"no board is running in {state}: start it with `run --state {state}`") from error
        try:
            connection.sendall(json.dumps({**words, "data": words["data"].decode("latin-1")}).encode() + b"\n")
            with connection.makefile("rb") as stream:
                answer = json.loads(stream.readline())
        except (OSError, ValueError) as error:
            raise UserError(f"the board in {state} gave no answer: see what its `run` printed") from error
    if "error" in answer:
        raise UserError(answer["error"], answer["status"])
    return _bytes(answer["output"])


def _bytes(text: str) -> bytes:
    """JSON has no bytes: each travels as the character of the same number."""
    return text.encode("latin-1")
