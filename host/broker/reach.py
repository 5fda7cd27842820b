"""Whether there is a broker, and whether it accepts the node: tested before anything is written."""

import contextlib
import ipaddress
import queue
import socket
from enum import Enum

from paho.mqtt import client as mqtt

from host.broker.servers import Server, servers

_TRY_S = 5  # seconds for one broker


class Answer(Enum):
    """A broker's answer to a connection."""

    OPEN = 1
    REFUSED = 2  # user or password
    NOBODY = 3  # no broker answers there


def knock(server: Server, user: str | None = None, password: str | None = None) -> Answer:
    """Connect to a broker, and disconnect; not with a node's identifier, which would disconnect that node."""
    heard: queue.Queue[bool] = queue.Queue()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect_timeout = _TRY_S
    client.on_connect = lambda _client, _data, _flags, reason, _properties: heard.put(reason.is_failure)
    if user:
        client.username_pw_set(user, password)
    try:
        client.connect(*server)
        client.loop_start()
        return Answer.REFUSED if heard.get(timeout=_TRY_S) else Answer.OPEN
    except (OSError, queue.Empty):
        return Answer.NOBODY
    finally:
        client.disconnect()
        client.loop_stop()


def unusable(settings: dict) -> str | None:
    """Return why a board on USB cannot reach any of its brokers, and the next step; None when it may."""
    reasons = [not_for_a_board(server.host) for server in servers(settings["mqtt"])]
    return f"mqtt.server: {reasons[0]} (./bootstrap.sh --set mqtt.server=ADDRESS)" if all(reasons) else None


def trouble(settings: dict) -> str | None:
    """Return why no broker of these settings accepts the node, and the next step; None when one does."""
    mqtt = settings["mqtt"]
    reasons = []
    for server in servers(mqtt):
        match knock(server, mqtt["user"], mqtt["password"]):
            case Answer.OPEN:
                return None
            case Answer.REFUSED:
                reasons.append(_refusal([server], "the node", settings))
            case Answer.NOBODY:
                reasons.append(silence([server]))
    return "; ".join(reasons)


def absence(settings: dict, refused: str | None) -> str:
    """Return why this computer is at no broker of these settings, and the next step. refused: why the last one did."""
    given = servers(settings["mqtt"])
    return _refusal(given, f"this computer ({refused})", settings) if refused else silence(given)


def silence(given: list[Server]) -> str:
    """Return that no broker answers there, and the next step."""
    cure = "./bootstrap.sh --broker sets one up on this computer"
    if not _any_here(given):
        cure = (
            "is it on? ./bootstrap.sh --set mqtt.server=ADDRESS takes another, ./bootstrap.sh --broker sets one up here"
        )
    return f"no broker answers at {_shown(given)}: {cure}"


def _refusal(given: list[Server], whom: str, settings: dict) -> str:
    cure = "./bootstrap.sh --broker gives it an account"
    if not _any_here(given):
        words = ["./bootstrap.sh", settings["client_id"], "--set mqtt.user=NAME --set mqtt.password=PASSWORD"]
        cure = " ".join(filter(None, words))
    return f"the broker at {_shown(given)} does not let {whom} in: {cure}"


def _shown(given: list[Server]) -> str:
    return " or ".join(map(str, given))


def _any_here(given: list[Server]) -> bool:
    return any(is_here(server.host) for server in given)


def not_for_a_board(server: str) -> str | None:
    """Return why a board cannot use this address of a broker; None when it can."""
    with contextlib.suppress(OSError, ValueError):
        if ipaddress.ip_address(socket.gethostbyname(server)).is_loopback and server != _own_name():
            here = lan_address()
            return f"{server} is the board itself, to the board: take this computer's address" + (
                f", {here}" if here else " in your network (ip address)"
            )
    return None


def _own_name() -> str:
    return socket.gethostname()  # 127.0.1.1 in Debian's /etc/hosts, here alone


def lan_address() -> str | None:
    """Return the address by which others in the network reach this computer; None without a network."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # for documentation (RFC 5737); nothing is sent
        return probe.getsockname()[0]
    return None


def is_here(host: str) -> bool:
    """Say whether `host` is an address or a name of this computer."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
