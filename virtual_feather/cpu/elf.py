"""Where things are in the interpreter's shared object (ELF-64 specification)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_STT_FUNC = 2


class Elf:
    """Names of a shared object: dynamic symbols, the linkage-table slots that lead to them, all functions."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            image = file.read()
        (offset,) = struct.unpack_from("<Q", image, 0x28)
        size, count, names = struct.unpack_from("<HHH", image, 0x3A)
        headers = [struct.unpack_from("<IIQQQQIIQQ", image, offset + i * size) for i in range(count)]
        sections = {_text(image, headers[names][4] + header[0]): header for header in headers}
        strings = sections[".dynstr"][4]
        self.symbols: dict[str, int] = {}
        order = []
        for at in _entries(sections[".dynsym"], 24):
            name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", image, at)
            order.append(_text(image, strings + name))
            self.symbols[order[-1]] = value
        self.functions = dict(self._functions(image, sections[".symtab"], sections[".strtab"][4]))
        self.slots: dict[str, int] = {}
        for at in _entries(sections[".rela.plt"], 24):
            slot, info, _ = struct.unpack_from("<QQq", image, at)
            self.slots[order[info >> 32]] = slot
        # Tables of names are constants with addresses in them: read-only once the loader has relocated them.
        self.relocated = sections[".data.rel.ro"][3], sections[".data.rel.ro"][5]

    @staticmethod
    def _functions(image: bytes, symbols: tuple, strings: int) -> Iterator[tuple[str, tuple[int, int]]]:
        """Address and size of every function, also of those that are not exported."""
        for at in _entries(symbols, 24):
            name, info, _, _, value, size = struct.unpack_from("<IBBHQQ", image, at)
            if info & 15 == _STT_FUNC:
                yield _text(image, strings + name), (value, size)


def _entries(section: tuple, size: int) -> range:
    return range(section[4], section[4] + section[5], size)


def _text(image: bytes, start: int) -> str:
    return image[start : image.index(b"\0", start)].decode()
