"""The text of the files with which Mosquitto accepts our nodes and nobody else: no file is touched here.

An account has the name of its node. The access list has patterns in which Mosquitto puts the account's name (%u,
which a client cannot choose, unlike its identifier, %c), and a section for each node, with the topics it has itself.
"""

import base64
import hashlib
import hmac
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from paho.mqtt.client import topic_matches_sub

from host import private_files
from host.broker.people import NAME as PEOPLE
from host.failure import Exit, Failure
from host.settings.check import entities

# Letters that are harmless in Mosquitto's files, in a topic, and in a file name.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_HEAD = """\
# huzzah-node: made by ./bootstrap.sh --broker, which writes it anew, and taken away by ./bootstrap.sh --remove-broker.
# docs/security.md tells who is let in, and how to change that.
"""
_CONF = """\
listener {port}
allow_anonymous false
password_file {folder}/passwd
acl_file {folder}/acl
persistence true
autosave_interval 300
"""
# By default systemd gives up for good after five failures in ten seconds.
DROP_IN = f"""\
{_HEAD}[Unit]
StartLimitIntervalSec=0
[Service]
Restart=on-failure
RestartSec=2
"""
_PATTERNS = f"""\
{_HEAD}
# Every account: what a node of its name says, and the commands for it.
pattern write connect/%u
pattern write status/%u
pattern write disconnect/%u
pattern write sensors/%u/+
pattern write late/%u/#
pattern write fault/%u
pattern write stats/%u
pattern write reply/%u/#
pattern read cmd/%u/#
pattern read update/%u

# The people and tools on this computer.
user {PEOPLE}
topic readwrite #
topic read $SYS/#
"""

_EVERY_NODES = re.findall(r"^pattern \w+ (.+)$", _PATTERNS, re.MULTILINE)


def check_name(name: str | None) -> str:
    """Return the node's name. Raises Failure (config) when there is none, or no account can have it."""
    if not name:
        raise Failure(
            Exit.CONFIG,
            "client_id in config.json is null, and the node's account is named after it: give the node a name, as in "
            "./bootstrap.sh --broker --set client_id=attic",
        )
    if not _NAME.fullmatch(name) or name == PEOPLE:
        raise Failure(
            Exit.CONFIG,
            f"client_id {name!r} cannot be the name of an account: letters, digits, - _ . can, except {PEOPLE!r}",
        )
    return name


def conf(port: int, folder: Path) -> str:
    """Return the file for conf.d. folder: where passwd and acl are."""
    return _HEAD + _CONF.format(port=port, folder=folder)


def own_topics(settings: dict) -> list[str]:
    """Return the topics that a node's settings name, in addition to those that every node has.

    Raises Failure (config) for one that cannot be in a line of the access list.
    """
    topics = {topic for sensor in settings["sensors"] for topic in sensor["topics"].values()}
    for topic in topics:
        if topic != topic.strip():
            raise Failure(
                Exit.CONFIG,
                f"the topic {topic!r} begins or ends with a space, which Mosquitto's access list cannot have: "
                "take the space away",
            )
    return sorted(topics)


def announcements(name: str) -> list[str]:
    """Return the topics on which that node announces itself; not by %u, which may hold letters not allowed in them."""
    topic = entities.topic
    return [topic(name), *(topic(name, platform, "+") for platform in ("sensor", "binary_sensor"))]


def check_topics(name: str, sections: dict[str, list[str]]) -> None:
    """Raise Failure (config) when a topic of this node belongs to another."""
    for other, topics in sections.items():
        filters = [*topics, *announcements(other), *(filter_.replace("%u", other) for filter_ in _EVERY_NODES)]
        for topic in sections[name]:
            if other != name and any(topic_matches_sub(filter_, topic) for filter_ in filters):
                raise Failure(
                    Exit.CONFIG,
                    f"{topic} is a topic of {other}, and {name} may not have it: --set sensors.0.topic=null",
                )


def acl(sections: dict[str, list[str]]) -> str:
    """Return the access list. sections: by node, the topics that it has itself."""
    text = _PATTERNS
    for name, topics in sorted(sections.items()):
        text += f"\nuser {name}\ntopic read homeassistant/status\n"
        text += "".join(f"topic write {topic}\n" for topic in [*announcements(name), *topics])
    return text


def sections(text: str) -> dict[str, list[str]]:
    """Return the sections of an access list made by acl()."""
    found: dict[str, list[str]] = {}
    topics: list[str] = []
    for line in text.splitlines():
        if line.startswith("user "):
            topics = found.setdefault(line.removeprefix("user "), [])
        elif line.startswith("topic write "):
            topics.append(line.removeprefix("topic write "))
    found.pop(PEOPLE, None)
    return {name: [topic for topic in topics if topic not in announcements(name)] for name, topics in found.items()}


def passwd(lines: dict[str, str]) -> str:
    return "".join(f"{line}\n" for _, line in sorted(lines.items()))


def accounts(text: str) -> dict[str, str]:
    """Return the lines of a password file by account."""
    return {line.partition(":")[0]: line for line in text.splitlines() if line}


def line_for(name: str, password: str, old: str | None) -> str:
    """Return the line of an account in the password file: the old line if it is of this password."""
    if old and _fits(old, password):
        return old
    program = shutil.which("mosquitto_passwd")
    if not program:
        raise Failure(Exit.COMPUTER, "mosquitto_passwd was not found: sudo apt-get install mosquitto")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "passwd"
        # Not on the command line, where every user of this computer could read it.
        private_files.write(path, f"{name}:{password}\n".encode())
        subprocess.run([program, "-U", str(path)], check=True, capture_output=True)
        line = path.read_text().strip()
    if password in line:
        raise Failure(Exit.COMPUTER, "mosquitto_passwd left the password as it was: is Mosquitto older than 2.0?")
    return line


def _fits(line: str, password: str) -> bool:
    """Say whether this is the hash of the password (PBKDF2 with SHA-512, which Mosquitto 2.0 makes)."""
    try:
        _, kind, rounds, salt, digest = line.partition(":")[2].split("$")
        found = hashlib.pbkdf2_hmac("sha512", password.encode(), base64.b64decode(salt), int(rounds))
        return kind == "7" and hmac.compare_digest(found, base64.b64decode(digest))
    except ValueError:
        return False
