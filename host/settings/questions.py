"""What bootstrap.sh asks for a new config.json; each answer is checked when it is given."""

import getpass
from collections.abc import Callable
from typing import Any

from host.broker import mosquitto, reach
from host.broker.servers import Server, servers
from host.console import Console
from host.failure import Exit, Failure

_SPACED = ("wifi.ssid", "wifi.key", "mqtt.password")  # where a space at an end may be meant
_SECRETS = ("wifi.key", "mqtt.password")

# put(key, answer): put an answer into the settings; returns the message that says why they are then wrong, or None.
Put = Callable[[str, Any], str | None]


def wifi(console: Console, put: Put) -> None:
    """Ask for the network."""
    _ask(console, put, "wifi.ssid", "name of your Wi-Fi network (2.4 GHz)")
    _ask(console, put, "wifi.key", "its key (not shown; empty for an open network)")


def here(console: Console, put: Put) -> None:
    """Ask for this computer's address."""
    _ask(console, _for_a_board(put), "mqtt.server", "address of this computer", default=reach.lan_address())


def broker(console: Console, put: Put, config: dict[str, Any], possible: Callable[[], str | None]) -> bool:
    """Ask for the broker. Returns True when the one on this computer is to have an account for the node.

    config: the settings that `put` changes. possible: returns why no broker can be set up on this computer, or None.
    """
    mqtt = config["mqtt"]
    here = reach.lan_address()
    found = reach.knock(Server(here, mqtt["port"])) if here else reach.Answer.NOBODY
    if here and found != reach.Answer.OPEN:
        nobody = found == reach.Answer.NOBODY
        said = (
            "no MQTT broker answers on this computer" if nobody else "the MQTT broker on this computer wants an account"
        )
        console.note(f"  {said} ({here}:{mqtt['port']})")
        if console.ask("  have Mosquitto here let in the node, by an account of its own?", default=True):
            if not (reason := possible()):
                put("mqtt.server", here)
                return True
            console.note(f"  not now: {reason}")
    default = here if here and found == reach.Answer.OPEN else None
    while not _broker_elsewhere(console, put, config, default):
        pass
    return False


def sensors(console: Console, put: Put) -> None:
    """Ask what a node measures: drivers, each with its GPIO if it has one of its own."""

    def drivers(key: str, answer: str) -> str | None:
        entries = []
        for words in (part.split() for part in answer.split(",")):
            entries.append({"driver": words[0] if words else ""})
            if len(words) > 1:
                entries[-1]["pin"] = int(words[1]) if words[1].isdecimal() else words[1]
        return put(key, entries)

    _ask(console, drivers, "sensors", "its sensors, as in `bme280, dht22 14` (14: the GPIO)", default="tsl2561")


def account(console: Console, put: Put, config: dict[str, Any]) -> None:
    """Ask for the node's account if a broker of its settings requires one."""
    for one in servers(config["mqtt"]):
        if reach.knock(one) == reach.Answer.REFUSED:
            while not _account(console, put, config, one):
                pass
            return


def name(console: Console, put: Put) -> None:
    """Ask for the name of the node, which is also that of its account."""

    def checked(key: str, answer: str) -> str | None:
        try:
            mosquitto.check_name(answer)
        except Failure as e:
            return str(e)
        return put(key, answer)

    _ask(console, checked, "client_id", "name of this node", default="feather")


def _broker_elsewhere(console: Console, put: Put, config: dict[str, Any], default: str | None) -> bool:
    """Ask for an address, and for an account if the broker requires one. Returns False to ask for both again."""
    _ask(console, _for_a_board(put), "mqtt.server", "address of the MQTT broker", default=default)
    mqtt = config["mqtt"]
    at = servers(mqtt)[0]
    answer = reach.knock(at)
    if answer == reach.Answer.NOBODY:
        return console.ask(f"  no broker answers at {at}: take this address all the same?")
    if answer == reach.Answer.OPEN:
        return True
    return _account(console, put, config, at)


def _account(console: Console, put: Put, config: dict[str, Any], at: Server) -> bool:
    """Ask for an account at a broker. Returns False to ask again."""
    console.note(f"  the broker at {at} wants an account")
    _ask(console, put, "mqtt.user", "user name at the broker")
    _ask(console, put, "mqtt.password", "its password (not shown)")
    mqtt = config["mqtt"]
    if reach.knock(at, mqtt["user"], mqtt["password"]) == reach.Answer.OPEN:
        return True
    return console.ask(f"  the broker at {at} refuses this account: take it all the same?")


def _for_a_board(put: Put) -> Put:
    return lambda key, answer: reach.not_for_a_board(answer.partition(":")[0]) or put(key, answer)


def _ask(console: Console, put: Put, key: str, question: str, default: str | None = None) -> None:
    while True:
        if key in _SECRETS:
            try:
                answer = getpass.getpass(f"  {question}: ")
            except EOFError as e:
                raise Failure(Exit.USAGE, f"{question}: no answer") from e
        else:
            answer = console.answer(f"  {question}{f' [{default}]' if default else ''}: ", strip=False)
        if answer != answer.strip() and not (
            key in _SPACED and console.ask("  it begins or ends with a space: is the space part of it?")
        ):
            answer = answer.strip()
        answer = answer or default or ""
        problem = put(key, answer) if answer or key in _SECRETS else "an answer is needed"
        if not problem:
            return
        console.note(f"  {problem}")
