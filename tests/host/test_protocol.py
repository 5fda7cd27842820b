"""The bytes of an update over the air."""

import base64
import hashlib

from host.update.protocol import begin, piece, piece_size, sign

KEY = "0b" * 20 + "00" * 12
IMAGE = b"\xd2\xcd\x31\x82" + bytes(range(252))


def test_the_head_holds_node_counter_image_and_what_it_brings() -> None:
    update = sign("attic", KEY, 7, IMAGE, "node/session")
    assert update.head[:4] == hashlib.sha256(b"attic").digest()[:4]
    assert update.head[4:12] == (7).to_bytes(8, "big")
    assert update.head[12:16] == (256).to_bytes(4, "big")
    assert update.head[16:48] == hashlib.sha256(IMAGE).digest()
    assert update.head[48:] == b"node/session"
    message = begin(update, "pi@here")
    assert base64.b64decode(message[1:].split()[0]) == update.head + update.signature
    assert message.split()[1] == b"pi@here"


def test_the_signature_by_its_definition() -> None:
    """RFC 2104 written out, without the library that signs."""
    update = sign("attic", KEY, 7, IMAGE)
    key = bytes.fromhex(KEY) + bytes(32)
    message = b"huzzah-node update 2\nattic" + update.head
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + message).digest()
    assert update.signature == hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).digest()


def test_every_message_fits_into_a_packet_that_a_node_takes_in() -> None:
    for name in ("n", "feather-0c095b", "n" * 64):
        start = begin(sign(name, KEY, 1 << 40, IMAGE, "w" * 99), "somebody@a-computer-with-a-long-name")
        assert 3 + 2 + len(f"cmd/{name}/update") + 2 + len(start) <= 192, name
        data = bytes(piece_size(name))
        packet = 3 + 2 + len(f"update/{name}") + 2 + len(piece(70_000, data))
        assert 184 < packet <= 192, name
        assert len(data) % 4 == 0 and len(data) > 60
