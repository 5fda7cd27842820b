"""SLIP framing (RFC 1055), as the ESP8266's serial loaders use it: C0 frames, DB escapes."""

from __future__ import annotations

_END, _ESC, _ESC_END, _ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
_LONGEST = 0x4000 + 64  # the largest data block of esptool and its headers; more is noise


def encode(frame: bytes) -> bytes:
    """One frame as it goes over the line."""
    return b"\xc0" + frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class Decoder:
    """Finds frames in a stream of bytes. Bytes between frames, and frames with a broken escape, are dropped."""

    def __init__(self) -> None:
        self._frame: bytearray | None = None  # None: between frames
        self._escaped = False

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes."""
        frames = []
        for byte in data:
            if byte == _END:
                if self._frame:
                    frames.append(bytes(self._frame))
                    self._frame = None
                else:
                    self._frame = bytearray()  # a start; after a lost end, the next C0 is a start too
                self._escaped = False
            elif self._frame is not None:
                self._take(byte)
        return frames

    def _take(self, byte: int) -> None:
        if self._escaped:
            self._escaped = False
            byte = {_ESC_END: _END, _ESC_ESC: _ESC}.get(byte, -1)
        elif byte == _ESC:
            self._escaped = True
            return
        if byte < 0 or len(self._frame) == _LONGEST:
            self._frame = None
        else:
            self._frame.append(byte)
