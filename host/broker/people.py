"""The account of the people and tools on this computer, at the broker that bootstrap.sh --broker sets up.

people/ has the files from which mosquitto_sub and mosquitto_pub take it: XDG_CONFIG_HOME=$PWD/people.
"""

from host import private_files
from host.console import ROOT
from host.settings.nodes import Nodes, new_password

FOLDER = ROOT / "people"
NAME = "people"  # no node's name
_CLIENTS = ("mosquitto_sub", "mosquitto_pub")


def password() -> str | None:
    """Return the password; None where there is no such account."""
    path = FOLDER / _CLIENTS[0]
    if not path.exists():
        return None
    options = dict(line.split(" ", 1) for line in path.read_text().splitlines())
    return options.get("-P")


def make(port: int) -> None:
    """Have an account, for the broker at that port."""
    keep(password() or new_password(), port)


def keep(word: str, port: int) -> None:
    """Write the password where we, and Mosquitto's programs, look for it."""
    options = f"-u {NAME}\n-P {word}\n-p {port}\n"
    for path in (FOLDER / client for client in _CLIENTS):
        if not path.exists() or path.read_text() != options:
            private_files.write(path, options.encode())


def forget() -> None:
    """Take these files away."""
    for client in _CLIENTS:
        (FOLDER / client).unlink(missing_ok=True)


def account(mqtt: dict) -> tuple[str | None, str | None]:
    """Return user and password with which this computer hears nodes that have the settings `mqtt`.

    A node's own account may read nothing but its commands. Where bootstrap.sh --broker has made it, we have another.
    """
    word = password()
    if word and mqtt["user"] in Nodes().names():
        return NAME, word
    return mqtt["user"], mqtt["password"]
