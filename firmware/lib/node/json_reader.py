"""Reads JSON (RFC 8259) strictly, and says where a text is not JSON. Runs on CPython too.

The boards' own json takes what is not JSON (a missing comma, `010`, `"ab\\cd"`). It leaves a character above U+FFFF
that is written as two escapes in two halves, which no broker accepts. No recursion: the stack is small.
"""

from collections import OrderedDict  # keeps the order of the file, on the board too


_DEEPEST = 8  # nested brackets; settings need 4
_DIGITS = 6  # of a fraction: the board's floats hold no more, and limits must mean the same on every computer

_ESCAPES = b'"\\/bfnrt'
_ESCAPED = b'"\\/\b\f\n\r\t'
_NAMES = {
    0x09: "a tab",
    0x0A: "the end of the line",
    0x0D: "the end of the line",
    0x20: "a space",
    0x5C: "a backslash",
    0xA0: "a no-break space",
    0x201C: "a curly quote",
    0x201D: "a curly quote",
    0x201E: "a curly quote",
    0xFEFF: "a byte order mark",
}


def read(data):
    """Return the value that the bytes `data` are. Raises ValueError: "line 3, column 14: ..."."""
    from node.text import flaw  # not while this file is imported: the stack has no room for both

    at = flaw(data, False)
    if at is not None:
        raise _wrong(data, at, "not text in UTF-8: save it again as such")
    outer = []  # the objects and lists around `node`, the one being filled
    node = found = key = None
    at = _next(data, 0)
    done = False  # a value is complete: the text or `node` ends here, or a comma comes next
    while True:
        end = 125 if isinstance(node, dict) else 93  # } or ]
        if done:
            if node is None:
                if at < len(data):
                    raise _missing(data, at, "the end")
                return found
            if _byte(data, at) == end:
                node = outer.pop()
                at = _next(data, at + 1)
                continue
            if _byte(data, at) != 44:
                raise _missing(data, at, "a comma or " + chr(end))
            at = _next(data, at + 1)
        if end == 125:
            begin = at
            if _byte(data, at) != 34:
                raise _missing(data, at, "a key in double quotes")
            key, at = _text(data, at + 1)
            if key in node:
                raise _wrong(data, begin, "this key is there twice")
            at = _next(data, at)
            if _byte(data, at) != 58:
                raise _missing(data, at, "a colon")
            at = _next(data, at + 1)
        begin = at
        value, at = _value(data, at)
        at = _next(data, at)
        if node is None:
            found = value
        elif isinstance(node, list):
            node.append(value)
        else:
            node[key] = value
        done = True
        if isinstance(value, (dict, list)):
            outer.append(node)
            if len(outer) > _DEEPEST:
                raise _wrong(data, begin, "too many brackets in one another")
            node = value
            # An empty one ends here; otherwise its first element comes next, without a comma.
            done = _byte(data, at) == (125 if isinstance(node, dict) else 93)


def _byte(data, at):
    """Return the byte at `at`; after the last byte 0, which JSON never contains."""
    return data[at] if at < len(data) else 0


def _next(data, at):
    """Return the index of the first byte from `at` on that is not white space."""
    while at < len(data) and data[at] in b" \t\n\r":
        at += 1
    return at


def _value(data, at):
    """Return the value that begins at `at`, and where it ends: of an object or a list, after its bracket."""
    c = _byte(data, at)
    if c == 123:
        return OrderedDict(), at + 1
    if c == 91:
        return [], at + 1
    if c == 34:
        return _text(data, at + 1)
    if c == 45 or 48 <= c < 58:
        return _number(data, at)
    for word, value in ((b"true", True), (b"false", False), (b"null", None)):
        if data[at : at + len(word)] == word:
            return value, at + len(word)
    raise _missing(data, at, "a value")


def _number(data, at):
    """Return the number that begins at `at`, and where it ends. The caller checks what follows."""
    begin = at
    at += data[at] == 45
    whole = _digits(data, at)
    if whole == at:
        raise _missing(data, at, "a digit")
    if data[at] == 48:
        whole = at + 1
    end = whole
    if _byte(data, end) == 46:
        end = max(end, _digits(data, end + 1, 1))
    fraction = end
    if _byte(data, end) in b"eE":
        end = max(end, _digits(data, end + (2 if _byte(data, end + 1) in b"+-" else 1), 1))
    if end == whole:
        return int(data[begin:end].decode()), end
    number = bytearray(data[begin:end])
    kept = 0
    for i in range(fraction - begin):
        if 48 <= number[i] < 58 and (kept or number[i] > 48):
            kept += 1
            if kept > _DIGITS:
                number[i] = 48
    return float(bytes(number).decode()), end


def _digits(data, at, least=0):
    """Return where the digits from `at` on end; 0 when there are less than `least`."""
    end = at
    while 48 <= _byte(data, end) < 58:
        end += 1
    return end if end >= at + least else 0


def _text(data, at):
    """Return the text whose opening quote is before `at`, and where its closing quote ends."""
    made = b""
    begin = at
    while True:
        c = _byte(data, at)
        if c == 34:
            return (made + data[begin:at]).decode(), at + 1
        if c < 32:
            raise _missing(data, at, "a closing quote")
        if c == 92:
            made += data[begin:at]
            char, at = _escaped(data, at)
            made += char
            begin = at
        else:
            at += 1


def _escaped(data, at):
    """Return the UTF-8 of the escape at `at`, or of two that are each half of a character, and where it ends."""
    place = _ESCAPES.find(data[at + 1 : at + 2] or b"?")
    if place >= 0:
        return _ESCAPED[place : place + 1], at + 2
    point = _point(data, at)
    if point < 0:
        raise _wrong(data, at, "a backslash in text is written twice")
    end = at + 6
    low = _point(data, end)
    if 0xD800 <= point < 0xDC00 and 0xDC00 <= low < 0xE000:
        point = 0x10000 + (point - 0xD800 << 10) + low - 0xDC00
        end += 6
    if 0xD800 <= point < 0xE000:
        raise _wrong(data, at, "half of a character")
    return chr(point).encode(), end


def _point(data, at):
    """Return the code point of the Unicode escape at `at`; -1 when there is none."""
    digits = data[at + 2 : at + 6]
    if data[at : at + 2] != b"\\u" or len(digits) < 4 or not all(byte in b"0123456789abcdefABCDEF" for byte in digits):
        return -1
    return int(digits.decode(), 16)


def _missing(data, at, wanted):
    """Return a ValueError that says what is at `at` instead of what is wanted."""
    found = "the end of the text"
    if at < len(data):
        end = at + 1
        while _byte(data, end) & 0xC0 == 0x80:
            end += 1
        point = ord(data[at:end].decode())
        found = _NAMES.get(point) or ("%c" if 32 < point < 127 else "U+%04X") % point
    return _wrong(data, at, "%s instead of %s" % (found, wanted))


def _wrong(data, at, why):
    """Return a ValueError, with the place that people's editors show for `at`."""
    column = 1
    for byte in data[data.rfind(b"\n", 0, at) + 1 : at]:
        column += byte & 0xC0 != 0x80  # a character begins
    return ValueError("line %d, column %d: %s" % (data[:at].count(b"\n") + 1, column, why))
