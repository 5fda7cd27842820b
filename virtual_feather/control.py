"""The control socket: how the world around a running board is changed and looked at."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

from .reactor import Reactor

_NAME = "control"


class ControlError(Exception):
    """A command that cannot be carried out; its text says why."""


def _within(state: Path, act: Callable[[str], None]) -> None:
    """Call act(path) with a path of the socket that is short enough: AF_UNIX takes 107 bytes."""
    descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        act(f"/proc/self/fd/{descriptor}/{_NAME}")
    finally:
        os.close(descriptor)


class ControlServer:
    """Serves commands: one connection, one JSON list of words, one JSON answer."""

    def __init__(self, reactor: Reactor, state: Path, execute: Callable[[list[str]], str]) -> None:
        """execute: carries out a command's words and returns its text; raises ControlError."""
        self._execute = execute
        self._path = state / _NAME
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        _within(state, self._socket.bind)
        self._socket.listen()
        reactor.watch(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Stop serving."""
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        connection, _ = self._socket.accept()
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            connection.settimeout(1.0)
            try:
                words = json.loads(stream.readline())
                answer = {"text": self._execute(words)}
            except ControlError as error:
                answer = {"error": str(error)}
            except (ValueError, TimeoutError):
                return
            try:
                print(json.dumps(answer), file=stream, flush=True)
            except BrokenPipeError:
                pass  # whoever asked has gone


def control(state: Path, words: list[str]) -> str:
    """Send a command to the board in `state`; its answer. Raises ControlError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10.0)
        try:
            _within(state, connection.connect)
        except OSError as error:
            raise ControlError(f"no board is running in {state}: start it with `run --state {state}`") from error
        with connection.makefile("rw", encoding="utf-8") as stream:
            print(json.dumps(words), file=stream, flush=True)
            answer = json.loads(stream.readline())
    if "error" in answer:
        raise ControlError(answer["error"])
    return answer["text"]
