"""The account of the people and tools on this computer, at the broker that bootstrap.sh --broker sets up.

mosquitto_sub and mosquitto_pub take it from the files in people/: XDG_CONFIG_HOME=$PWD/people.
"""

from host import private_files
from host.console import ROOT
from host.settings.nodes import Nodes, new_password

FOLDER = ROOT / "people"
NAME = "people"  # no node may have this name
_CLIENTS = ("mosquitto_sub", "mosquitto_pub")


def password() -> str | None:
    """Return the password; None where there is no such account."""
    path = FOLDER / _CLIENTS[0]
    if not path.exists():
        return None
    options = dict(line.split(" ", 1) for line in path.read_text().splitlines())
    return options.get("-P")


def make(port: int) -> None:
    """Make the account, for the broker at that port, unless there is one."""
    keep(password() or new_password(), port)


def publish() -> str:
    """Return Mosquitto's command for a message, as it works in this folder."""
    return "XDG_CONFIG_HOME=$PWD/people mosquitto_pub" if password() else "mosquitto_pub"


def keep(word: str, port: int) -> None:
    """Write the password to the files that we, and Mosquitto's programs, read."""
    options = f"-u {NAME}\n-P {word}\n-p {port}\n"
    for path in (FOLDER / client for client in _CLIENTS):
        if not path.exists() or path.read_text() != options:
            private_files.write(path, options.encode())


def forget() -> None:
    """Remove these files."""
    for client in _CLIENTS:
        (FOLDER / client).unlink(missing_ok=True)


def account(mqtt: dict) -> tuple[str | None, str | None]:
    """Return user and password with which this computer listens to nodes that have the settings `mqtt`.

    A node's account may read only its commands. If bootstrap.sh --broker has made it, there is another for us.
    """
    word = password()
    if word and mqtt["user"] in Nodes().names():
        return NAME, word
    return mqtt["user"], mqtt["password"]
