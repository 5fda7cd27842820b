"""The whole node on a virtual Feather, whose MicroPython has words of 64 bits and twice the chip's heap."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from bench.board import Feather, settings, write_flash
from bench.broker import Broker
from bench.listener import Listener, Message

_WORDS = 2  # bytes of this heap for one of the chip's
_STATS_S = 10  # the shortest there is
_TRY_S = 25.0  # for two of them
_STEP = 512  # bytes of the chip's
_CHIP = 38 * 1024


@dataclass(frozen=True)
class Whole:
    """Bytes as this board has them; `smallest` in those of the chip."""

    bare: int  # free at a prompt with nothing loaded
    free: int | None  # free after a collection, in steady state; None: it does not run
    smallest: int | None  # heap in which it starts and runs

    @property
    def chip(self) -> int | None:
        """Half of what is free: what the chip would have at best, since bytes and text do not double."""
        return None if self.free is None else self.free // _WORDS


def bare(image: str) -> int:
    """Free bytes at the prompt of a board with nothing on it."""
    with tempfile.TemporaryDirectory() as folder, Feather(Path(folder, "bare"), "--image", image) as board:
        repl = SerialTransport(board.path)
        repl.enter_raw_repl()
        free = int(repl.exec("import gc\ngc.collect()\nprint(gc.mem_free())"))
        repl.close()
        return free


def free(image: str, heap: int = _CHIP) -> int | None:
    """Free bytes after a collection once the node has published for some seconds; None when it does not get there."""
    with tempfile.TemporaryDirectory() as folder, Broker() as broker, Listener(broker.port, "stats/#") as listener:
        state = Path(folder, "node")
        write_flash(state, settings(broker.port, stats_s=_STATS_S, ntp="127.0.0.1"), image)
        with Feather(state, "--fast", "--heap", heap):
            told = listener.wait(_steady, _TRY_S)
    return json.loads(told.payload)["free"] if told else None


def _steady(message: Message) -> bool:
    return json.loads(message.payload)["uptime_s"] >= _STATS_S


def smallest(image: str) -> int | None:
    """The smallest heap with which the node starts and runs, to `_STEP` bytes; None when the chip's is too small."""
    works, fails = _CHIP, 0
    if free(image) is None:
        return None
    while works - fails > _STEP:
        middle = (works + fails) // 2 // _STEP * _STEP
        if free(image, middle) is None:
            fails = middle
        else:
            works = middle
    return works


def measure(image: str) -> Whole:
    return Whole(bare(image), free(image), smallest(image))
