"""node.jobs.command: right and wrong messages from a broker; each is answered in a sentence, or ignored."""

import sys

from node.jobs import command

KNOWN = "awake, identify, read, restart, set"


class Client:
    client_id = b"n1"


class Source:
    driver = "tsl2561"
    name = "tsl2561 at 0x39"
    due = None


class Session:
    """The part of the session that a command needs; `said` has what was published."""

    client = Client

    def __init__(self):
        self.faults = self
        self.identify = self.restart = None
        self.sources = [Source()]
        self.jobs = []
        self.acknowledged = []
        self.said = []
        self.stay_awake = False
        self.settings = {"homeassistant": True}

    def acknowledge(self, pid):
        self.acknowledged.append(pid)

    def topic(self, name):
        return name + b"/n1"

    async def reply(self, name, answer):
        self.said.append((b"reply/n1/" + name, answer.encode()))


def carried_out(topic, payload, retained=0):
    """Return the session after the message."""
    session = Session()
    coroutine = command.run(session, topic, payload, retained, 7)
    error = result = None
    try:
        while True:  # as the guard of supervisor.py
            step = coroutine.throw(error) if error else coroutine.send(result)
            error = result = None
            try:
                result = step[0](*step[1:])
            except Exception as e:
                error = e
    except StopIteration:
        pass
    assert session.acknowledged == [7]
    return session


def test_what_is_answered():
    for verb, payload, answer in (
        (b"read", b"", b"ok"),
        (b"read", b"tsl2561\n", b"ok"),
        (b"read", b"tsl2561 at 0x39\r\n", b"ok"),
        (b"read", b"\n", b"ok"),
        (b"identify", b"5\n", b"ok"),
        (b"restart", b"", b"ok"),
        (b"awake", b"0\n", b"ok"),
        (b"read", b"x", b"error: x is not a sensor: there are tsl2561 at 0x39"),
        (b"identify", b"\xff", b"error: that is not text in UTF-8"),
        (b"set", b'{"client_id": "\xed\xa0\x80"}', b"error: that is not text in UTF-8"),
        (b"read", b"\xc0\x80", b"error: that is not text in UTF-8"),
        (b"read", None, b"error: that is too long"),
        (b"", b"", b"error:  is not a command: there are " + KNOWN.encode()),
        (b"read/all", b"", b"error: read/all is not a command: there are " + KNOWN.encode()),
        (b"\xc3\xa9", b"", b"error: \xc3\xa9 is not a command: there are " + KNOWN.encode()),
        (b"\xf0\x9f\x98\x80", b"", b"error: \xf0\x9f\x98\x80 is not a command: there are " + KNOWN.encode()),
    ):
        assert carried_out(b"cmd/n1/" + verb, payload).said == [(b"reply/n1/" + verb, answer)], (verb, payload)


def test_what_is_ignored():
    for topic, retained in (
        (b"cmd/n1/\xff", 0),
        (b"cmd/n1/\xff", 1),
        (b"cmd/n1/read\x80", 0),
        (b"cmd/n1/\xed\xa0\x80", 0),  # half a character
        (b"cmd/n1/\xc1\xbf", 0),  # overlong encoding
        (b"cmd/n1/\xf4\x90\x80\x80", 0),  # above U+10FFFF
        (b"cmd/n1/\x00", 0),
        (b"cmd/n1/\x1f", 0),
        (b"cmd/n1/\x7f", 0),
        (b"cmd/n1/\xc2\x85", 0),
        (b"cmd/n1/\xef\xbf\xbe", 0),
        (b"cmd/n1/\xef\xb7\x90", 0),
        (b"cmd/n2/restart", 0),  # another node's
        (b"x/y/zz/restart", 0),
        (b"restart", 0),
        (b"cmd/n1", 0),
        (b"CMD/n1/restart", 0),
        (b"cmd/n1/restart", 1),  # retained: an old one
        (b"homeassistant/status", 0),
        (b"homeassistant/status/restart", 0),
    ):
        session = carried_out(topic, b"", retained)
        assert session.said == [] and session.restart is None and session.jobs == [], topic


def test_what_is_left_to_others():
    assert carried_out(b"homeassistant/status", b"online").jobs == [("home_assistant",)]
    (said,) = carried_out(b"cmd/n1/update", b"?").said
    assert b"no ROMFS" in said[-1]
    sys.path.append("/rom")
    assert carried_out(b"cmd/n1/update", b"?").jobs == [("update.receive", b"?")]
    sys.path.pop()
    assert carried_out(b"cmd/n1/awake", b"1", 1).stay_awake is True
