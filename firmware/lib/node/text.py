"""Which text is allowed for which use: one rule for config.json, `set` and what a broker sends. Runs on CPython too."""

_OWN = "cmd/ connect/ disconnect/ fault/ homeassistant/ late/ reply/ stats/ status/ update/"


def flaw(data, plain=True):
    """Return where the bytes `data` first are not text that every receiver accepts; None when all of them are.

    Such text is UTF-8 (RFC 3629) and, if `plain`, as MQTT 3.1.1 wants it (1.5.3): no control characters and none of the
    code points that are not characters. Brokers close the connection on those.
    """
    size = len(data)
    at = 0
    while at < size:
        point = data[at]
        more = 0 if point < 0x80 else 1 if point < 0xE0 else 2 if point < 0xF0 else 3
        if 0x80 <= point < 0xC2 or point > 0xF4 or at + more >= size:
            return at
        if more:
            point &= 0x3F >> more
            for byte in data[at + 1 : at + 1 + more]:
                if byte & 0xC0 != 0x80:
                    return at
                point = point << 6 | byte & 0x3F
            # Longer than necessary, half of a character (surrogate), or beyond the last character.
            if point < (0x80, 0x800, 0x10000)[more - 1] or 0xD800 <= point < 0xE000 or point > 0x10FFFF:
                return at
        if plain and (point < 0x20 or 0x7F <= point < 0xA0 or 0xFDD0 <= point < 0xFDF0 or point & 0xFFFE == 0xFFFE):
            return at
        at += 1 + more
    return None


def may_be(value, use, low=1, high=128):
    """Say whether `value` is text of `low` to `high` bytes for that use.

    "text"; "ssid": all but U+0000; "key": of a network, or ""; "hex"; "host": a name or an address; "id": a level of a
    topic; "topic": of readings, so none that the broker, Home Assistant or the node itself uses otherwise.
    """
    if type(value) is not str:
        return False
    data = value.encode("utf-8", "surrogatepass")
    size = len(data)
    if use == "key" and not size:
        return True
    if not low <= size <= high or flaw(data, use != "ssid") is not None:
        return False
    if use == "ssid":
        return 0 not in data  # the driver would misread the rest
    if use == "hex" or use == "key" and size == 64:
        return all(byte in b"0123456789abcdefABCDEF" for byte in data)
    if use == "host":
        for label in value.split("."):  # RFC 1035, 2.3.4
            if not 0 < len(label) < 64:
                return False
        return all(48 <= byte < 58 or 65 <= byte & 0xDF < 91 or byte in b"-._" for byte in data)
    if use == "id":
        return not any(byte in b"+#/" for byte in data)
    if use == "topic":
        own = value[: value.find("/") + 1] in _OWN.split()
        return not own and not any(byte in b"+#" for byte in data) and data[0] != 36
    return True
