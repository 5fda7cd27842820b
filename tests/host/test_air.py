"""What an update by air is, byte by byte."""

import base64
import hashlib

from host.update.protocol import begin, piece, piece_size, sign

KEY = "0b" * 20 + "00" * 12
FILES = {"main.py": b"one", "lib/node/a.mpy": b"second"}


def test_the_manifest_lists_the_files_by_name() -> None:
    update = sign("attic", KEY, 7, "1.2", FILES)
    assert update.manifest.decode().splitlines() == [
        "1.2",
        f"6 {hashlib.sha256(b'second').hexdigest()} lib/node/a.mpy",
        f"3 {hashlib.sha256(b'one').hexdigest()} main.py",
    ]
    assert [content for _, content in update.files] == [b"second", b"one"]


def test_the_head_holds_node_counter_and_manifest() -> None:
    update = sign("attic", KEY, 7, "1.2", FILES)
    assert update.head[:4] == hashlib.sha256(b"attic").digest()[:4]
    assert update.head[4:12] == (7).to_bytes(8, "big")
    assert update.head[12:14] == len(update.manifest).to_bytes(2, "big")
    assert update.head[14:] == hashlib.sha256(update.manifest).digest()
    assert base64.b64decode(begin(update)[1:]) == update.head + update.signature


def test_the_signature_by_its_definition() -> None:
    """RFC 2104 written out: not the library that signs."""
    update = sign("attic", KEY, 7, "1.2", FILES)
    key = bytes.fromhex(KEY) + bytes(32)
    message = b"huzzah-node update 1\nattic" + update.head
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + message).digest()
    assert update.signature == hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).digest()


def test_a_piece_fills_a_packet_that_a_node_takes_in() -> None:
    for name in ("n", "feather-0c095b", "n" * 64):
        data = bytes(piece_size(name))
        packet = 3 + 2 + len(f"cmd/{name}/update") + 2 + len(piece(3, 70_000, data))
        assert 188 < packet <= 192, name
        assert len(data) > 60
