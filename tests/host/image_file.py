"""A file in the container format of MicroPython's ESP8266 images, with nothing that runs in it."""

import hashlib


def image_file(size: int = 60000, filler: bytes = b"\x5a") -> bytes:
    data = bytearray(b"\xe9\x01\x02\x40" + filler * (size - 20))
    data[0x8FFC:0x9000] = (size - 16).to_bytes(4, "little")
    return bytes(data) + hashlib.md5(data[4:]).digest()
