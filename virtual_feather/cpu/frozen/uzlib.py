"""uzlib: decompression; of images up to v1.19."""

import io

from _board import deflate


class DecompIO:
    """A stream of what a compressed stream holds. dict_size: negative for no header, 16 more for gzip."""

    def __init__(self, stream, dict_size=0):
        kind = deflate.RAW if dict_size < 0 else deflate.GZIP if dict_size >= 16 else deflate.ZLIB
        self._stream = deflate.DeflateIO(stream, kind, abs(dict_size) % 16)

    def read(self, size=-1):
        """Decompressed bytes."""
        return self._stream.read(size)

    def readinto(self, buf):
        """Fill a buffer."""
        return self._stream.readinto(buf)

    def readline(self):
        """Up to and with a line feed."""
        return self._stream.readline()


def decompress(data, wbits=0, bufsize=0):
    """Decompressed bytes of bytes."""
    return DecompIO(io.BytesIO(data), wbits).read()
