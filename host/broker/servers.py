"""The brokers in mqtt.server: one, or a list; each entry has its own port or that of mqtt.port."""

from typing import Any, NamedTuple


class Server(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def server(given: str, port: int) -> Server:
    """Return the broker of an entry of mqtt.server; `port`: for an entry without one."""
    host, _, own = given.partition(":")
    return Server(host, int(own or port))


def servers(mqtt: dict[str, Any]) -> list[Server]:
    """Return the brokers of the settings `mqtt`."""
    given = mqtt["server"]
    return [server(one, mqtt["port"]) for one in (given if isinstance(given, list) else [given])]
