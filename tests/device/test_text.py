"""node.text: which text is allowed for which use."""

from node import text

# Text, and the uses of "text", "ssid", "key", "id", "topic" that allow it: a letter each.
CASES = (
    ("a name", "tsio"),
    ("12345678", "tskio"),
    ("été", "tsio"),
    ("пароль12", "tskio"),
    ("n😀", "tsio"),
    ("home🏠🏠", "tskio"),
    ("\U0010fffd longest", "tskio"),
    ("a/b", "tso"),
    ("a+b", "ts"),
    ("a#b", "ts"),
    ("/", "tso"),
    ("$SYS/lux", "tsk"),
    ("$share/g/a", "tsk"),
    ("$", "tsi"),
    ("a$", "tsio"),
    ("cmd/n1/restart", "tsk"),
    ("cmd/", "ts"),
    ("cmd", "tsio"),
    ("cmds/n1", "tso"),
    ("connect/n1", "tsk"),
    ("disconnect/n1", "tsk"),
    ("fault/n1", "tsk"),
    ("homeassistant/status", "tsk"),
    ("late/n1/lux", "tsk"),
    ("reply/n1/read", "tsk"),
    ("stats/n1", "tsk"),
    ("status/n1", "tsk"),
    ("sensors/n1/lux", "tsko"),
    ("", "k"),
    ("\x00", ""),
    ("a\x00b", ""),
    ("a\x01b", "s"),
    ("a\nb", "s"),
    ("a\tb", "s"),
    ("a\x1fb", "s"),
    ("a\x7fb", "s"),
    ("a\x80b", "s"),
    ("a\x9fb", "s"),
    ("a\xa0b", "tsio"),
    ("a\ufdcfb", "tsio"),
    ("a\ufdd0b", "s"),
    ("a\ufdefb", "s"),
    ("a\ufdf0b", "tsio"),
    ("a\ufffdb", "tsio"),
    ("a\ufffeb", "s"),
    ("a\uffffb", "s"),
    ("a\U0001fffeb", "s"),
    ("a\U0010ffffb", "s"),
    ("a\ue000b", "tsio"),
    ("x" * 32, "tskio"),
    ("x" * 33, "tkio"),
    ("é" * 16, "tskio"),
    ("é" * 17, "tkio"),
    ("x" * 63, "tkio"),
    ("x" * 64, "tio"),
    ("0123456789abcdefABCDEF" + "0" * 42, "tkio"),
    ("x" * 65, ""),
    (7, ""),
    (None, ""),
    (True, ""),
    (["x"], ""),
    ({}, ""),
)
LIMITS = {"text": (1, 64), "ssid": (1, 32), "key": (8, 64), "id": (1, 64), "topic": (1, 64)}
# Bytes, and where they are not text.
BYTES = (
    (b"", None),
    (b"\xc2\x80", None),
    (b"\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", None),
    (b"a\x80", 1),
    (b"ab\xbf", 2),
    (b"\xc0\x80", 0),  # overlong encoding
    (b"\xc1\xbf", 0),
    (b"\xe0\x9f\xbf", 0),
    (b"\xf0\x8f\xbf\xbf", 0),
    (b"\xed\xa0\x80", 0),  # surrogates
    (b"a\xed\xbf\xbf", 1),
    (b"\xed\xa0\xbd\xed\xb8\x80", 0),
    (b"\xf4\x90\x80\x80", 0),  # above U+10FFFF
    (b"\xf5\x80\x80\x80", 0),
    (b"\xff\xfe{\0", 0),
    (b"a\xc3", 1),  # cut
    (b"\xe2\x82", 0),
    (b"\xf0\x9f\x98", 0),
    (b"\xc3(", 0),
    (b"\xe2\x28\xa1", 0),
    (b"\xe2\x82\x28", 0),
    (b"\xf0\x9f\x28\x80", 0),
)


def test_what_text_may_be():
    for value, uses in CASES:
        for use, limits in LIMITS.items():
            letter = "o" if use == "topic" else use[0]
            assert text.may_be(value, use, *limits) == (letter in uses), (value, use)
    assert text.may_be("", "key", 8, 64)


def test_hex_digits_and_hosts():
    for value, is_hex, is_host in (
        ("0123456789abcdef", True, True),
        ("0123456789ABCDEF", True, True),
        ("0123456789abcdeg", False, True),
        ("zzzzzzzzzzzzzzzz", False, True),
        ("0x23456789abcdef", False, True),
        ("+123456789abcdef", False, False),
        (" 123456789abcdef", False, False),
        ("0123_56789abcdef", False, True),
        ("0123456789abcde\u0661", False, False),
        ("broker.example.x", False, True),
        ("broker.example:1", False, False),
        ("broker example.x", False, False),
        ("broker..example.", False, False),
        (".broker.example.", False, False),
        ("br\u00f6ker.example", False, False),
        ("[1234567890123]@", False, False),
    ):
        assert text.may_be(value, "hex", 16, 16) == is_hex, value
        assert text.may_be(value, "host", 1, 64) == is_host, value
    assert text.may_be("a" * 63, "host", 1, 64) and not text.may_be("a" * 64, "host", 1, 64)


def test_where_bytes_are_no_text():
    for data, at in BYTES:
        assert text.flaw(data, False) == at, data
