"""Finds which parts of an image a node already has, so that only the rest is sent.

The node sends the digests of fixed blocks of the half that runs. They are searched for in the new image at every place,
as rsync does: a module that has grown shifts all that follows it. First large blocks, then small ones in the gaps.
"""

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from host.image.images import BLOCK

DIGEST = 6  # bytes that a node sends of a SHA-256
_SIZES = (1024, 128)  # bytes of a block
_WORTH = 64  # bytes; less is sent rather than copied

Ask = Callable[[int, int, int], list[bytes]]  # place in the half that runs, size of a block, count: their digests
Run = tuple[int, int, int]  # place in the image, its end, place in the half that runs


@dataclass(frozen=True)
class Step:
    """Bytes of the image: from `source` in the half that runs, or over the air (None)."""

    at: int
    end: int
    source: int | None = None


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def digest(data: bytes) -> bytes:
    return sha256(data)[:DIGEST]


def tell(sha256: bytes) -> str:
    """Return the part of a SHA-256 that a node sends, in base64 as the node sends it."""
    return base64.b64encode(sha256[:DIGEST]).decode()


def sectors(image: bytes, whole: bool = False) -> list[bytes]:
    """Return the digest of each flash sector that has the image. Not `whole`: before its first word is written."""
    first = image[:4] if whole else b"\xff" * 4
    there = first + image[4:] + b"\xff" * (-len(image) % BLOCK)
    return [digest(there[at : at + BLOCK]) for at in range(0, len(there), BLOCK)]


def plan(image: bytes, ask: Ask, missing: list[int], piece: int) -> Iterator[Step]:
    """Yield the steps that make the missing sectors, each in one go from its start."""
    runs = find(image, ask)
    for sector in missing:
        at, end = sector * BLOCK, min((sector + 1) * BLOCK, len(image))
        for start, stop, source in runs:
            first, last = -(-max(start, at) // 4) * 4, min(stop, end) // 4 * 4
            if last - first >= _WORTH:
                yield from _pieces(at, first, piece)
                yield Step(first, last, source + first - start)
                at = last
        yield from _pieces(at, end, piece)


def _pieces(at: int, end: int, size: int) -> Iterator[Step]:
    for start in range(at, end, size):
        yield Step(start, min(start + size, end))


def find(image: bytes, ask: Ask) -> list[Run]:
    """Return the parts of the image that are in the half that runs, without overlaps, in order."""
    runs: list[Run] = []
    gaps = [(0, len(image), 0, len(image) // BLOCK * BLOCK + BLOCK)]  # in the image, and where it would be in the half
    for size in _SIZES:
        found = []
        for at, end, start, last in gaps:
            first = start - start % size
            digests = ask(first, size, (last - first) // size) if last - first >= size else []
            found += _runs(image, at, end, size, {digest: first + i * size for i, digest in enumerate(digests)})
        runs = sorted(runs + found)
        edges = [(0, 0, 0), *runs, (len(image), 0, gaps[-1][3] if size == _SIZES[0] else 0)]
        gaps = [
            (before[1], after[0], before[2] + before[1] - before[0], after[2])
            for before, after in itertools.pairwise(edges)
            if after[0] - before[1] >= _SIZES[-1]
        ]
    return runs


def _runs(image: bytes, at: int, end: int, size: int, known: dict[bytes, int]) -> Iterator[Run]:
    """Yield the runs between `at` and `end` of the image, of blocks that are known by their digests."""
    run: Run | None = None
    while at + size <= end and known:
        source = known.get(digest(image[at : at + size]))
        if source is None:
            at += 1
            continue
        if run and run[1] == at and run[2] + at - run[0] == source:
            run = (run[0], at + size, run[2])
        else:
            if run:
                yield run
            run = (at, at + size, source)
        at += size
    if run:
        yield run
