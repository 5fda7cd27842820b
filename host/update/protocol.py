"""Talk with a node's node/update.py: what an update is, and the messages that bring it. docs/updates.md has both.

The topic is cmd/<id>/update; the node answers each message, in order, on reply/<id>/update.
"""

import base64
import contextlib
import hashlib
import hmac
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from host.broker.client import Listener
from host.image.filesystem import Files

MANIFEST = 255  # number of the "file" that is the manifest
_PACKET = 192  # longest MQTT packet that a node takes in, in bytes
_AHEAD = 4  # messages on their way; a node puts up with 8
_ANSWER_S = 15.0
_QUIET_S = 2.0
_TRIES = 5  # how often a broken-off transfer is taken up again
_DOMAIN = b"huzzah-node update 1\n"


@dataclass(frozen=True)
class Update:
    """Files for one node, signed."""

    name: str
    counter: int
    manifest: bytes
    files: list[tuple[str, bytes]]  # in the manifest's order
    head: bytes  # what is signed
    signature: bytes


def sign(name: str, key: str, counter: int, version: str, files: Files) -> Update:
    """Return the update for node `name`, signed with its key (64 hex digits): HMAC-SHA256 (RFC 2104)."""
    ordered = sorted(files.items())
    lines = [f"{len(content)} {hashlib.sha256(content).hexdigest()} {path}\n" for path, content in ordered]
    manifest = "".join([f"{version}\n", *lines]).encode()
    head = hashlib.sha256(name.encode()).digest()[:4] + counter.to_bytes(8, "big")
    head += len(manifest).to_bytes(2, "big") + hashlib.sha256(manifest).digest()
    signature = hmac.digest(bytes.fromhex(key), _DOMAIN + name.encode() + head, "sha256")
    return Update(name, counter, manifest, ordered, head, signature)


def begin(update: Update) -> bytes:
    """Return the message that begins it, or goes on with it."""
    return b"b" + base64.b64encode(update.head + update.signature)


def piece(number: int, at: int, data: bytes) -> bytes:
    """Return the message with a piece of a file."""
    return b"p" + base64.b64encode(bytes([number]) + at.to_bytes(3, "big") + data)


GO = b"g"


def piece_size(name: str) -> int:
    """Return how many bytes of a file fit into one message to the node `name`."""
    topic = f"cmd/{name}/update".encode()
    return (_PACKET - 3 - 2 - len(topic) - 2 - 1) // 4 * 3 - 4


class Silent(Exception):
    """The node did not answer in time."""


class Refused(Exception):
    """The node refused: str() is its reason."""


class Air:
    """The conversation with one node, as a context manager."""

    def __init__(self, settings: dict, name: str) -> None:
        self.name = name
        self._topic = f"cmd/{name}/update"
        self._answers = f"reply/{name}/update"
        self._listener = Listener(settings, name, [self._answers, f"fault/{name}"])

    def __enter__(self) -> Self:
        self._listener.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.__exit__(*error)

    @property
    def broker(self) -> str | None:
        """The broker that this computer is connected to."""
        return self._listener.connected

    @property
    def refusal(self) -> str | None:
        """Why the broker does not let this computer in."""
        return self._listener.refused

    def ask(self, message: bytes) -> str:
        """Return the node's answer, without its "ok". Raises Refused, Silent."""
        (answer,) = self.converse([message])
        return answer

    def converse(self, messages: Iterable[bytes]) -> Iterator[str]:
        """Yield the answer to each message; a few are sent ahead. Raises Refused, Silent."""
        coming = iter(messages)
        waiting = 0
        while True:
            for message in itertools.islice(coming, _AHEAD - waiting):
                self._listener.publish(self._topic, message)
                waiting += 1
            if not waiting:
                return
            answer = self.hear(_ANSWER_S)
            waiting -= 1
            if answer.startswith("error: "):
                self.settle()
                raise Refused(answer.removeprefix("error: "))
            yield answer.removeprefix("ok").strip()

    def hear(self, seconds: float) -> str:
        """Return the next message on reply/<id>/update. Raises Silent."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            message = self._listener.next(min(left, 1.0))
            if message and message.topic == self._answers:
                return message.payload
        raise Silent

    def settle(self) -> None:
        """Wait until no more answers come: those to messages that were sent ahead."""
        with contextlib.suppress(Silent):
            while True:
                self.hear(_QUIET_S)

    def send(self, update: Update, progress: Callable[[int, int], None] | None = None) -> None:
        """Bring the update to the node, all but GO; take it up again where it breaks off.

        progress: called with bytes that are there, and all. Raises Refused, Silent.
        """
        parts = [(MANIFEST, update.manifest), *enumerate(content for _, content in update.files)]
        total = sum(len(content) for _, content in parts)
        tries = 0
        while True:
            try:
                self.ask(begin(update))
                done = 0
                for number, content in parts:
                    for have in self.converse(self._pieces(number, content)):
                        if progress:
                            progress(done + int(have), total)
                    done += len(content)
                return
            except Silent:
                tries += 1
                if tries == _TRIES:
                    raise
                self.settle()

    def _pieces(self, number: int, content: bytes) -> Iterator[bytes]:
        size = piece_size(self.name)
        for at in range(int(self.ask(piece(number, 0, b""))), len(content), size):
            yield piece(number, at, content[at : at + size])
