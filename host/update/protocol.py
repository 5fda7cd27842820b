"""Talks with a node's update/receive.py: what an update is, and the messages that send it. docs/updates.md has both.

The node answers each message, in order, on reply/<id>/update.
"""

import base64
import contextlib
import hashlib
import hmac
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from host.broker.client import Listener
from host.image.images import BLOCK, ROMFS_HALF
from host.update import delta

GO = b"g"
_PACKET = 192  # longest MQTT packet that a node takes in, in bytes
_AHEAD = 4  # messages on their way; a node queues up to 20
_ANSWER_S = 5.0
_QUIET_S = 2.0
_TRIES = 5  # how often an interrupted transfer is resumed
_PACE_S = 1.0  # between two messages below cmd/, where people listen
_DOMAIN = b"huzzah-node update 2\n"
_DIGESTS = 32  # in one answer
_SAID = 6  # words of the answer to "?", at least


@dataclass(frozen=True)
class Update:
    """An image for one node, signed."""

    name: str
    counter: int
    image: bytes
    head: bytes  # what is signed
    signature: bytes


def sign(name: str, key: str, counter: int, image: bytes, what: str = "") -> Update:
    """Return the update for node `name`, signed with its key (64 hex digits): HMAC-SHA256 (RFC 2104).

    what: a few words that describe the update if it is rolled back; cut to the length that fits.
    """
    head = hashlib.sha256(name.encode()).digest()[:4] + counter.to_bytes(8, "big")
    head += len(image).to_bytes(4, "big") + hashlib.sha256(image).digest()
    room = (_payload(f"cmd/{name}/update") - 1 - _WHO) // 4 * 3 - len(head) - 32
    head += what.encode("ascii", "replace")[: max(room, 0)]
    signature = hmac.digest(bytes.fromhex(key), _DOMAIN + name.encode() + head, "sha256")
    return Update(name, counter, image, head, signature)


_WHO = 21  # bytes of a sender's name and the space before it


def begin(update: Update, who: str = "") -> bytes:
    """Return the message that begins the update, or resumes it."""
    message = b"b" + base64.b64encode(update.head + update.signature)
    room = min(_WHO, _payload(f"cmd/{update.name}/update") - len(message))
    return (message + b" " + who.replace(" ", "").encode("ascii", "replace"))[: len(message) + max(room, 0)].rstrip()


def piece(at: int, data: bytes) -> bytes:
    """Return the message with a piece of the image: in base64, since terminals show it to users who subscribe to #."""
    return b"w" + base64.b64encode(at.to_bytes(3, "big") + data)


def go(update: Update) -> bytes:
    """Return the message that tells the node to verify the whole image, and to start with it."""
    return GO + base64.b64encode(update.image[:4])


def piece_size(name: str) -> int:
    """Return how many bytes of an image fit into one message to the node `name`."""
    return ((_payload(f"update/{name}") - 1) // 4 * 3 - 3) // 4 * 4


def _payload(topic: str) -> int:
    return _PACKET - 3 - 2 - len(topic.encode()) - 2


class Silent(Exception):
    """The node did not answer in time."""


class Refused(Exception):
    """The node refused: str() is its reason."""


class UpdateLink:
    """The conversation with one node, as a context manager. Its methods raise KeyboardInterrupt once `ended` is set."""

    def __init__(self, settings: dict, name: str, ended: threading.Event | None = None) -> None:
        self.name = name
        self._ended = ended or threading.Event()
        self._answers = f"reply/{name}/update"
        self._listener = Listener(settings, name, [self._answers, f"fault/{name}"])
        self._commanded = 0.0

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
        """Return the node's answer to a message below cmd/, without its "ok". Raises Refused, Silent."""
        time.sleep(max(0.0, self._commanded + _PACE_S - time.monotonic()))
        self._commanded = time.monotonic()
        (answer,) = self.ask_each([message], f"cmd/{self.name}/update")
        return answer

    def ask_until_answered(self, message: bytes) -> str:
        """Like ask(b"?..."), for a node that may just be starting, or may still answer a sender that has ended."""
        for _ in range(_TRIES):
            with contextlib.suppress(Silent):
                answer = self.ask(message)
                while len(answer.split()) < _SAID:
                    answer = self.next_answer(_ANSWER_S)
                return answer.removeprefix("ok ")
        raise Silent

    def ask_each(self, messages: Iterable[bytes], topic: str = "") -> Iterator[str]:
        """Yield the answer to each message; a few are sent ahead. Raises Refused, Silent."""
        coming = iter(messages)
        waiting = 0
        while True:
            for message in itertools.islice(coming, _AHEAD - waiting):
                self._go_on()
                self._listener.publish(topic or f"update/{self.name}", message)
                waiting += 1
            if not waiting:
                return
            answer = self.next_answer(_ANSWER_S)
            waiting -= 1
            if answer.startswith("error: "):
                self.drain()
                raise Refused(answer.removeprefix("error: "))
            yield answer.removeprefix("ok").strip()

    def next_answer(self, seconds: float) -> str:
        """Return the next message on reply/<id>/update. Raises Silent."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._go_on()
            message = self._listener.next(min(left, 1.0))
            if message and message.topic == self._answers:
                return message.payload
        raise Silent

    def _go_on(self) -> None:
        if self._ended.is_set():
            raise KeyboardInterrupt  # Python has it in the main thread only

    def drain(self) -> None:
        """Wait until no more answers come: those to messages that were sent ahead."""
        with contextlib.suppress(Silent):
            while True:
                self.next_answer(_QUIET_S)

    def send(
        self, update: Update, half: int, who: str = "", progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Send the image to the half that does not run, all but GO; resume where the transfer breaks off.

        half: the one that runs. progress: called with the bytes of the image that are there, and with all its bytes.
        Raises Refused, Silent.
        """
        tries = 0
        while True:
            began = False
            try:
                self.ask(begin(update, who))
                began = True
                while missing := self._missing(update, 1 - half):
                    self._fill(update, half, missing, progress)
                return
            except (Silent, Refused) as e:
                tries += 1
                if tries == _TRIES or (isinstance(e, Refused) and not began):
                    raise
                self.drain()

    def digests(self, at: int, size: int, count: int) -> list[bytes]:
        """Return the digests of `count` blocks of the ROMFS partition. Raises Refused, Silent."""
        messages = [
            b"d%d %d %d" % (at + size * first, size, min(count - first, _DIGESTS))
            for first in range(0, count, _DIGESTS)
        ]
        found = b"".join(base64.b64decode(answer) for answer in self.ask_each(messages))
        return [found[i : i + delta.DIGEST] for i in range(0, len(found), delta.DIGEST)]

    def _missing(self, update: Update, half: int) -> list[int]:
        """Return the sectors of the image that are not in that half yet."""
        wanted = delta.sectors(update.image)
        there = self.digests(half * ROMFS_HALF, BLOCK, len(wanted))
        missing = [i for i, digest in enumerate(wanted) if there[i] != digest]
        if missing == [0] and there[0] == delta.sectors(update.image, whole=True)[0]:
            return []
        return sorted({0, *missing}) if missing and there[0] == delta.sectors(update.image, whole=True)[0] else missing

    def _fill(self, update: Update, half: int, missing: list[int], progress: Callable[[int, int], None] | None) -> None:
        def ask(at: int, size: int, count: int) -> list[bytes]:
            return self.digests(half * ROMFS_HALF + at, size, count)

        steps = list(delta.plan(update.image, ask, missing, piece_size(self.name)))
        messages = [
            piece(step.at, update.image[step.at : step.end])
            if step.source is None
            else b"c%d %d %d" % (step.at, step.source, step.end - step.at)
            for step in steps
        ]
        there = len(update.image) - sum(step.end - step.at for step in steps)
        for step, _ in zip(steps, self.ask_each(messages), strict=True):
            there += step.end - step.at
            if progress:
                progress(there, len(update.image))
