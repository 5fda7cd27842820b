"""A TCP relay in front of a real server that can delay, spoil and break connections."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self

from waits import LIMIT_S

_CHUNK = 65536
_LINGER_0 = struct.pack("ii", 1, 0)  # close() then sends RST


class Relay:
    """Listens on a port of its own for clients of `target` (a port of 127.0.0.1).

    Attributes that may be changed at any moment:
    `mode`     "pass"; "hold": nothing is read and nothing passes; "drop": all is read and thrown away;
               "trickle": one byte a second in each direction
    `delay_s`  time that each piece stays in the relay
    `mutate`   called with each piece from the server, returns what the client gets of it
    `to_server`, `to_client`: the pieces that have passed
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.mode = "pass"
        self.delay_s = 0.0
        self.mutate: Callable[[bytes], bytes] | None = None
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        self.accepted = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: list[tuple[asyncio.StreamWriter, asyncio.StreamWriter | None]] = []  # client, server
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.accept()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self.refuse()
        self._run(self._finish()).result(LIMIT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_S)
        self._loop.close()

    def accept(self) -> None:
        """Listen: at first on any free port, afterwards on the same."""
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", self.port)).result(LIMIT_S)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Refuse new connections; existing ones go on."""
        if self._server:
            self._loop.call_soon_threadsafe(self._server.close)
            self._server = None

    def cut(self) -> None:
        """Close all connections with FIN."""
        self._run(self._each(lambda writer: writer.close())).result(LIMIT_S)

    def reset(self) -> None:
        """Break all connections with RST."""
        self._run(self._each(_abort)).result(LIMIT_S)

    def half_close(self) -> None:
        """Send the clients FIN, and still read what they send."""
        self._run(self._each(lambda writer: writer.write_eof(), clients_only=True)).result(LIMIT_S)

    def _run(self, coroutine: object) -> Future:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return len(self._writers)

    async def _each(self, action: Callable[[asyncio.StreamWriter], None], clients_only: bool = False) -> None:
        for pair in self._writers:
            for writer in pair[: 1 if clients_only else 2]:
                if writer and not writer.transport.is_closing():
                    action(writer)

    async def _finish(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        _no_delay(writer)
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        _no_delay(server_writer)
        pair = (writer, server_writer)
        self._writers.append(pair)
        ways = (
            self._pass(reader, server_writer, self.to_server),
            self._pass(server_reader, writer, self.to_client),
        )
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._writers.remove(pair)
            writer.close()
            server_writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passed: list[bytes]) -> None:
        """Carry one direction until its end."""
        try:
            while True:
                piece = await reader.read(1 if self.mode == "trickle" else _CHUNK)
                if not piece:
                    return
                while self.mode == "hold":
                    await asyncio.sleep(0.02)
                if self.mode == "drop":
                    continue
                if self.mode == "trickle":
                    await asyncio.sleep(1.0)
                await asyncio.sleep(self.delay_s)
                if self.mutate and passed is self.to_client:
                    piece = self.mutate(piece)
                passed.append(piece)
                writer.write(piece)
                await writer.drain()
        except OSError:
            return


def _no_delay(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    writer.transport.abort()
