"""An update sends only what is new."""

import random

import pytest

from host.image.images import BLOCK, ROMFS_HALF
from host.update import delta

CHANCE = random.Random(8266)
OLD = CHANCE.randbytes(50_000)


def carried_out(old: bytes, new: bytes, missing: list[int]) -> tuple[bytes, int]:
    """The contents of the missing sectors after a node has done all steps, and how many bytes came over the air."""
    half = old + bytes(ROMFS_HALF - len(old))
    made = bytearray(b"?" * len(new))
    sent = 0

    def ask(at: int, size: int, count: int) -> list[bytes]:
        assert 0 <= at <= len(half) - size * count
        return [delta.digest(half[at + i * size : at + (i + 1) * size]) for i in range(count)]

    last = 0
    for step in delta.plan(new, ask, missing, 124):
        assert step.at % BLOCK == 0 or step.at == last, "within a sector on from the last one"
        assert step.at % 4 == step.end % 4 == 0 and step.at // BLOCK == (step.end - 1) // BLOCK
        made[step.at : step.end] = (
            new[step.at : step.end] if step.source is None else half[step.source :][: step.end - step.at]
        )
        sent += step.end - step.at if step.source is None else 0
        last = step.end
    return bytes(made), sent


@pytest.mark.parametrize(
    ("new", "most"),
    [
        (OLD, 256),
        (OLD[:20_000] + b"seven b" + OLD[20_001:], 700),
        (OLD[:20_000] + CHANCE.randbytes(2_002) + OLD[21_000:], 2_700),
        (b"new!" + OLD[4:30_000] + OLD[31_000:], 1_400),
        (CHANCE.randbytes(9_000) + OLD[40_000:] + OLD[:31_000], 11_500),
        (CHANCE.randbytes(4_096), 4_096),
    ],
    ids=["the same", "shifted", "one module", "shorter", "other order", "all of it"],
)
def test_the_image_is_made_and_little_is_sent(new: bytes, most: int) -> None:
    new += bytes(-len(new) % 4)
    made, sent = carried_out(OLD, new, list(range(-(-len(new) // BLOCK))))
    assert made == new
    assert sent <= most


def test_only_the_missing_sectors_are_made() -> None:
    made, _ = carried_out(OLD, OLD, [3])
    assert made[3 * BLOCK : 4 * BLOCK] == OLD[3 * BLOCK : 4 * BLOCK]
    assert made.count(b"?" * 256) >= 11 * 16


def test_a_sector_before_its_first_word_is_written() -> None:
    image = OLD[:5000]
    before, whole = delta.sectors(image), delta.sectors(image, whole=True)
    assert before[0] == delta.digest(b"\xff" * 4 + image[4:4096]) != whole[0] == delta.digest(image[:4096])
    assert before[1] == whole[1] == delta.digest(image[4096:] + b"\xff" * (8192 - 5000))
